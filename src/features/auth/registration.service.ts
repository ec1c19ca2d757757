import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Config } from '../../config/index.ts';
import { currentRequest } from '../../core/context/context.ts';
import { KeyedHash, Passwords, randomToken, tokenHash } from '../../core/crypto/index.ts';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { emailIdentity, UsersService } from '../users/index.ts';
import { AuthRepository, type EmailToken } from './auth.repository.ts';
import { passwordFaults } from './password.policy.ts';
import { SessionsService, type TokenPair } from './sessions.service.ts';

/** Nobody is a user before their address is proved: until then there is a token, and a mail that carries it. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly repository: AuthRepository,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly keyedHash: KeyedHash,
    private readonly mail: Mail,
  ) {}

  /**
   * Mails a link to a new address and a notice to a known one, and to none more than a few in an hour: the same work, so
   * that neither answer nor time tells. No mail repeats the name, which a stranger may have written.
   */
  async register(email: string, name: string): Promise<void> {
    const identity = emailIdentity(email);
    const to = identity.address;
    const addressHash = this.keyedHash.digest('email_address', identity.key);
    const token = randomToken();
    const hash = tokenHash(token);
    await this.database.transaction(async () => {
      const request = currentRequest();
      const { known, due } = await this.repository.issueVerification(hash, identity, name, addressHash, request);
      const withheld = !due;
      if (known) this.mail.send({ to, withheld, template: 'address_known' });
      else this.mail.send({ to, withheld, template: 'verify_email', link: this.#link(token) });
    });
  }

  /** The token stands behind the #: a browser sends that to no server, so it is in no log and no Referer. */
  #link(token: string): string {
    return `${this.config.appUrl}/verify-email#token=${token}`;
  }

  /**
   * Signs in whoever holds the mailbox, as a new user with the given password; where the address has a user by now, as that
   * user, whose password and name stay.
   * @throws Problem token_used; validation_failed for a poor password, which leaves the token unspent
   */
  async verify(token: string, password: string | undefined): Promise<TokenPair> {
    const hash = tokenHash(token);
    const found = await this.repository.findVerification(hash);
    if (!found) throw new Problem('token_used');
    if (found.userId !== null) return this.#signIn(hash, found.userId);
    return (await this.#signUp(hash, found, password)) ?? this.verify(token, password);
  }

  #signIn(hash: Buffer, userId: string): Promise<TokenPair> {
    return this.#inTransactionOf(userId, async () => {
      await this.#spend(hash);
      return this.sessions.begin(userId, 'email');
    });
  }

  /** @returns undefined, and nothing happened, where the address got a user this moment: by another link of its own */
  async #signUp(
    hash: Buffer,
    { email, name }: EmailToken,
    password: string | undefined,
  ): Promise<TokenPair | undefined> {
    const passwordHash = password === undefined ? undefined : await this.#hashed(password, [email.key, name]);
    const userId = uuid();
    return this.#inTransactionOf(userId, async () => {
      if (!(await this.users.create(email, name))) return undefined;
      await this.#spend(hash);
      if (passwordHash !== undefined) this.repository.insertPassword(passwordHash);
      return this.sessions.begin(userId, 'email');
    });
  }

  async #hashed(password: string, known: readonly string[]): Promise<string> {
    const faults = passwordFaults(password, known);
    if (faults.length > 0) throw validationProblem(faults);
    return this.passwords.hash(password);
  }

  async #spend(hash: Buffer): Promise<void> {
    if (!(await this.repository.useVerification(hash))) throw new Problem('token_used');
  }

  #inTransactionOf<T>(userId: string, work: () => Promise<T>): Promise<T> {
    return this.database.inScope(Scope.user(userId), () => this.database.transaction(work));
  }
}
