import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Clock } from '../../core/clock/clock.ts';
import { callerSessionId, currentRequest } from '../../core/context/context.ts';
import { KeyedHash, randomToken, tokenHash } from '../../core/crypto/index.ts';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import type { Rows, Selection } from '../../core/lists/index.ts';
import type { CodeMethod } from '../second-factor/index.ts';
import { SecurityEvents } from '../users/index.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, AccessTokens } from './access-tokens.ts';
import {
  LIFETIME_DAYS,
  type LiveSession,
  type OwnSession,
  type RefreshTokenOwner,
  SessionsRepository,
} from './sessions.repository.ts';

/** What a client signs its requests with, and renews that with. */
export interface TokenPair {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly sessionId: string;
}

const SECONDS_PER_DAY = 86_400;
/** From each refresh on. */
export const SESSION_LIFETIME_SECONDS = LIFETIME_DAYS * SECONDS_PER_DAY;

/** How a person proved who they are: a password (RFC 8176), or a link mailed to their address. */
export type FirstFactor = 'pwd' | 'email';

/** And besides: a code of an app (`otp`), or any second factor at all (`mfa`). */
export type AuthenticationMethod = FirstFactor | 'otp' | 'mfa';

/** @returns what an access token tells of a code (RFC 8176, which has no word for a recovery code) */
export function methodsOf(method: CodeMethod): AuthenticationMethod[] {
  return method === 'otp' ? ['otp', 'mfa'] : ['mfa'];
}

@Injectable()
export class SessionsService {
  constructor(
    private readonly database: Database,
    private readonly repository: SessionsRepository,
    private readonly events: SecurityEvents,
    private readonly accessTokens: AccessTokens,
    private readonly keyedHash: KeyedHash,
    private readonly clock: Clock,
  ) {}

  /**
   * Begins a session of a person who has just proved who they are, with the current transaction in their scope.
   * @param emailKey of their address, where the caller knows it
   */
  async begin(userId: string, methods: AuthenticationMethod[], emailKey?: string): Promise<TokenPair> {
    const session = { id: uuid(), authenticatedAt: this.clock.now(), methods };
    const refreshToken = randomToken();
    this.repository.insert(session, currentRequest());
    this.repository.insertRefreshToken(tokenHash(refreshToken), session.id);
    await this.events.record({ action: 'auth.signed_in', outcome: 'success', sessionId: session.id }, emailKey);
    return this.#pair({ userId, sessionId: session.id }, session, refreshToken);
  }

  /**
   * Spends a refresh token. The next one is computed from it, so racing tabs of one client get the same and the chain has
   * one end, and it is stored nowhere.
   * @param expected the session that it has to be of, where that is known; where it is of another one, nothing happens
   * @returns undefined where it is of another session
   * @throws Problem token_reused, and the session has ended, where somebody else had spent it; unauthenticated where it is
   * unknown, expired or its session over
   */
  async refresh(refreshToken: string, expected?: string): Promise<TokenPair | undefined> {
    const owner = await this.repository.findRefreshToken(tokenHash(refreshToken), currentRequest());
    if (!owner) throw sessionOver();
    if (expected !== undefined && owner.sessionId !== expected) return undefined;
    return this.database.inScope(Scope.user(owner.userId), () => this.#rotate(owner, refreshToken));
  }

  async #rotate(owner: RefreshTokenOwner, refreshToken: string): Promise<TokenPair> {
    if (owner.state === 'reused') return this.#refuseReuse(owner);
    const hash = tokenHash(refreshToken);
    const successor = this.keyedHash.digest('refresh_token', refreshToken).toString('base64url');
    const rotated =
      owner.state === 'live' && (await this.repository.rotate(hash, tokenHash(successor), owner, currentRequest()));
    const session = rotated || (await this.#repeated(owner, hash));
    return this.#pair(owner, session, successor);
  }

  /** Another request has spent the token, before or a moment ago. */
  async #repeated(owner: RefreshTokenOwner, hash: Buffer): Promise<LiveSession> {
    const now = await this.repository.findRefreshToken(hash, currentRequest());
    if (now?.state === 'reused') return this.#refuseReuse(owner);
    const session = now?.state === 'repeated' && (await this.repository.findLive(owner.sessionId));
    if (!session) throw sessionOver();
    return session;
  }

  /** Whoever holds a spent token may be a thief, or have been robbed: nobody goes on with this session. */
  async #refuseReuse({ sessionId }: RefreshTokenOwner): Promise<never> {
    await this.database.transaction(async () => {
      const ended = await this.repository.end(sessionId);
      if (ended) await this.events.record({ action: 'auth.token_reused', outcome: 'failure', sessionId });
    });
    throw new Problem('token_reused');
  }

  /**
   * Ends every session of the scope's user but the one that is called from, in the current transaction where there is one, and
   * every sign-in that waits for a second factor: that first, so that one which is answered at this moment has begun a session to end.
   * @param emailKey of their address, where the caller knows it
   */
  async endOthers(emailKey?: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.repository.voidChallenges();
      const ended = await this.repository.endAllBut(callerSessionId());
      const events = ended.map(
        (sessionId) => ({ action: 'auth.session_ended', outcome: 'success', sessionId }) as const,
      );
      await this.events.record(events, emailKey);
    });
  }

  /** @returns false for a session of another issuer that never tells when its person proved themselves: only that issuer can renew it */
  async isRenewable(): Promise<boolean> {
    return this.repository.isRenewable(currentSessionId());
  }

  /**
   * Writes down, in the current transaction, that the caller has just proved anew who they are.
   * @returns the session
   * @throws Problem unauthenticated where it has ended meanwhile
   */
  async recordProof(methods: readonly AuthenticationMethod[]): Promise<string> {
    const sessionId = currentSessionId();
    if (!(await this.repository.recordProof(sessionId, methods))) throw new Problem('unauthenticated');
    return sessionId;
  }

  /**
   * The same for another session of the person in whose scope the current transaction runs, if it is theirs and not over.
   * @param emailKey of their address, where the caller knows it
   */
  async renewBeside(sessionId: string, methods: readonly AuthenticationMethod[], emailKey?: string): Promise<void> {
    if (!(await this.repository.recordProof(sessionId, methods))) return;
    await this.events.record({ action: 'auth.stepped_up', outcome: 'success', sessionId }, emailKey);
  }

  /** @returns a page of the caller's sessions that are not over */
  async list(selection: Selection): Promise<Rows<OwnSession>> {
    return this.repository.list(selection);
  }

  /** @returns whether the session is the one that is called from */
  isCurrent(id: string): boolean {
    return id === currentSessionId();
  }

  /** A session has no version. @returns undefined for one that is over, or another's */
  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.findLive(id)) && 0;
  }

  /**
   * Ends a session of the caller.
   * @throws Problem not_found for one that is over, or another's
   */
  async end(sessionId: string): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.repository.end(sessionId))) throw new Problem('not_found');
      await this.events.record({ action: 'auth.session_ended', outcome: 'success', sessionId });
    });
  }

  /** Ends the session of the caller: its access token is refused from the next request on. */
  async endCurrent(): Promise<void> {
    const sessionId = currentSessionId();
    await this.database.transaction(async () => {
      const ended = await this.repository.end(sessionId);
      if (ended) await this.events.record({ action: 'auth.signed_out', outcome: 'success', sessionId });
    });
  }

  #pair(
    { userId, sessionId }: { userId: string; sessionId: string },
    { authenticatedAt, methods }: LiveSession,
    refreshToken: string,
  ): TokenPair {
    const accessToken = this.accessTokens.sign({ userId, sessionId, authenticatedAt, methods });
    return { accessToken, expiresIn: ACCESS_TOKEN_LIFETIME_SECONDS, refreshToken, sessionId };
  }
}

/** @throws Problem unauthenticated outside of a session */
export function currentSessionId(): string {
  const sessionId = callerSessionId();
  if (!sessionId) throw new Problem('unauthenticated');
  return sessionId;
}

function sessionOver(): Problem {
  return new Problem('unauthenticated', {
    detail: 'The refresh token is unknown or expired, or its session has ended. Sign in again.',
  });
}
