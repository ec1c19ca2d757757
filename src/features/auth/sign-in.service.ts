import { Injectable } from '@nestjs/common';
import { randomToken, tokenHash } from '../../core/crypto/index.ts';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import { refuseWhileBlocked } from '../../core/limits/index.ts';
import { SecondFactor, wrongCodes } from '../second-factor/index.ts';
import { SecurityEvents } from '../users/index.ts';
import { MfaChallengesRepository } from './mfa-challenges.repository.ts';
import {
  type AuthenticationMethod,
  type FirstFactor,
  methodsOf,
  SessionsService,
  type TokenPair,
} from './sessions.service.ts';

/** What whoever has a second factor gets for the first one: nothing that lets them in. */
export interface MfaChallenge {
  readonly mfaToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export type SignInResult = TokenPair | MfaChallenge;

const LIFETIME_SECONDS = 300;

/** Where every way to sign in ends: in a session, or in the challenge for the second factor (ASVS 5.0, 6.3.3 and 6.3.4). */
@Injectable()
export class SignIn {
  constructor(
    private readonly database: Database,
    private readonly repository: MfaChallengesRepository,
    private readonly secondFactor: SecondFactor,
    private readonly sessions: SessionsService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Goes on with a person who has just proved the first factor, with the current transaction in their scope.
   * @param emailKey of their address, where the caller knows it
   * @param calledFrom the session that this was sent from, if any: with a mailed link its proof is renewed too
   */
  async complete(userId: string, method: FirstFactor, emailKey?: string, calledFrom?: string): Promise<SignInResult> {
    if (!(await this.secondFactor.isActive())) return this.#begin(userId, [method], calledFrom, emailKey);
    const mfaToken = randomToken();
    this.repository.issue(tokenHash(mfaToken), method, LIFETIME_SECONDS);
    await this.events.record({ action: 'auth.mfa_challenged', outcome: 'success' }, emailKey);
    return { mfaToken, expiresIn: LIFETIME_SECONDS };
  }

  /**
   * Answers the challenge, with a code from the app or a recovery code.
   * @throws Problem validation_failed for a wrong code, five times; after that, and where the challenge is over for another
   * reason, invalid_credentials, the same for the right code; rate_limited after too many wrong codes of the person
   * @param calledFrom as in `complete`
   */
  async answer(mfaToken: string, code: string, calledFrom?: string): Promise<TokenPair> {
    const hash = tokenHash(mfaToken);
    const { userId, method, retryAfter } = await this.repository.claim(hash);
    if (userId === null) throw over();
    return this.database.inScope(Scope.user(userId), async () => {
      if (method === null) return this.#refuse();
      refuseWhileBlocked(wrongCodes, retryAfter);
      const proved = await this.secondFactor.prove(code);
      return this.database.transaction(async () => {
        if (!(await this.repository.spend(hash))) throw over();
        const methods = [method, ...methodsOf(await this.secondFactor.accept(proved))];
        return this.#begin(userId, methods, calledFrom);
      });
    });
  }

  async #refuse(): Promise<never> {
    await this.database.transaction(() => this.events.record({ action: 'auth.mfa_refused', outcome: 'failure' }));
    throw over();
  }

  async #begin(
    userId: string,
    methods: AuthenticationMethod[],
    calledFrom?: string,
    emailKey?: string,
  ): Promise<TokenPair> {
    const renews = calledFrom !== undefined && methods.includes('email');
    if (renews) await this.sessions.renewBeside(calledFrom, methods, emailKey);
    return this.sessions.begin(userId, methods, emailKey);
  }
}

/** Not `unauthenticated`: nobody's session is over. */
function over(): Problem {
  return new Problem('invalid_credentials', {
    detail: 'The sign-in was not finished in time, or in five tries. Begin anew.',
  });
}
