import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Config, type OutsideIssuer } from '../../config/index.ts';
import { type AccessClaims, OutsideTokens } from '../../core/access/index.ts';
import { Clock } from '../../core/clock/clock.ts';
import { currentRequest } from '../../core/context/context.ts';
import { KeyedHash } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem, rules } from '../../core/http/index.ts';
import { ShortMemory } from '../../core/limits/index.ts';
import { type EmailIdentity, emailIdentity, nameAfter, SecurityEvents, UsersService } from '../users/index.ts';
import { IssuerKeys, keySetFrom } from './issuer-keys.ts';
import { type OutsideSession, OutsideSignInRepository } from './outside-sign-in.repository.ts';
import { issuerOf, type OutsideIdentity, verified } from './outside-token.ts';

const MS_PER_SECOND = 1000;
/** Then a token is judged anew, however long it is good for: by the keys that the issuer has then, and by who has the address. */
const JUDGED_FOR_SECONDS = 600;
/** A page goes on asking with the token that was refused: so often one address is told of. */
const REFUSALS_APART_MS = 60_000;
const LONGEST_NAME = 200;
const nameRule = rules.line({ min: 1, max: LONGEST_NAME });

/** Lets in whoever comes with an access token of the configured outside issuer. */
@Injectable()
export class OutsideSignInService implements OnModuleInit {
  /** By address: when it was last recorded, in milliseconds. */
  readonly #refusedAt: ShortMemory<number>;

  constructor(
    private readonly config: Config,
    private readonly tokens: OutsideTokens,
    private readonly database: Database,
    private readonly repository: OutsideSignInRepository,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly keyedHash: KeyedHash,
    private readonly clock: Clock,
  ) {
    this.#refusedAt = new ShortMemory(clock, REFUSALS_APART_MS);
  }

  onModuleInit(): void {
    const issuer = this.config.outsideIssuer;
    if (!issuer) return;
    const keys = new IssuerKeys(keySetFrom(issuer.keysUrl), this.clock);
    this.tokens.judgeBy(async (token) => {
      if (issuerOf(token) !== issuer.url) return undefined;
      return this.#admit(await verified(token, issuer, keys), issuer);
    });
  }

  /** @throws Problem unauthenticated where nobody has the address, or somebody who is suspended */
  async #admit(identity: OutsideIdentity, issuer: OutsideIssuer): Promise<AccessClaims> {
    const email = addressOf(identity);
    const userId = (await this.repository.findUser(email)) ?? (await this.#signUp(email, identity, issuer));
    if (userId === null) return this.#refuse(email);
    const sessionId = await this.#begin(userId, email, this.#sessionOf(identity, issuer));
    return { userId, sessionId, expiresAt: Math.min(identity.expiresAt, this.clock.seconds() + JUDGED_FOR_SECONDS) };
  }

  /** @returns the new user, where that is configured; who has got the address this moment; or null */
  async #signUp(
    email: EmailIdentity,
    identity: OutsideIdentity,
    { createsUsers }: OutsideIssuer,
  ): Promise<string | null> {
    if (!createsUsers) return null;
    const userId = uuid();
    const isNew = await this.database.inTransactionOf(userId, () => this.users.create(email, nameOf(identity, email)));
    return isNew ? userId : this.repository.findUser(email);
  }

  async #refuse(email: EmailIdentity): Promise<never> {
    const addressHash = this.keyedHash.digest('email_address', email.key);
    const name = addressHash.toString('hex');
    const now = this.clock.now().getTime();
    if (now - (this.#refusedAt.get(name) ?? -Infinity) >= REFUSALS_APART_MS) {
      this.#refusedAt.set(name, now);
      await this.repository.recordRefusal(email, addressHash, currentRequest());
    }
    throw new Problem('unauthenticated');
  }

  #sessionOf({ session, expiresAt, authenticatedAt = 0 }: OutsideIdentity, { url }: OutsideIssuer): OutsideSession {
    return {
      key: this.keyedHash.digest('outside_session', `${url}\0${session}`),
      expiresAt: new Date(expiresAt * MS_PER_SECOND),
      // Without a word of the issuer it was long ago: never recent enough for what asks for a recent proof.
      authenticatedAt: new Date(authenticatedAt * MS_PER_SECOND),
    };
  }

  #begin(userId: string, { key }: EmailIdentity, session: OutsideSession): Promise<string> {
    return this.database.inTransactionOf(userId, async () => {
      const { id, isNew } = await this.repository.begin(session, currentRequest());
      if (isNew) await this.events.record({ action: 'auth.signed_in', outcome: 'success', sessionId: id }, key);
      return id;
    });
  }
}

/**
 * @throws Problem unauthenticated for what is no address that we would send a mail to, or would send one to another mailbox than the
 * issuer has proved: with `ａdmin` in full width, that of `admin`
 */
function addressOf({ email }: OutsideIdentity): EmailIdentity {
  const identity = judged(email);
  if (nameAfter(identity) !== nameAfter({ address: email.normalize('NFC') })) throw new Problem('unauthenticated');
  return identity;
}

function judged(email: string): EmailIdentity {
  try {
    return emailIdentity(email);
  } catch (cause) {
    throw new Problem('unauthenticated', { cause });
  }
}

/** What the issuer calls the person, where a name may look so; otherwise what stands before the @. */
function nameOf({ name = '' }: OutsideIdentity, email: EmailIdentity): string {
  return nameRule.faults(name).length === 0 ? name : nameAfter(email);
}
