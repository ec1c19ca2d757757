import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Database, Scope } from '../../core/database/index.ts';
import { type EmailIdentity, UsersService } from '../users/index.ts';
import { AuthRepository } from './auth.repository.ts';
import { type AddressPurpose, type EmailToken, MailedLinks } from './mailed-links.ts';
import { NewPasswords } from './new-passwords.ts';
import { SignIn, type SignInResult } from './sign-in.service.ts';

/** Signs in by a mailed link. Nobody is a user before their address is proved: the first link makes one. */
@Injectable()
export class LinkSignInService {
  constructor(
    private readonly database: Database,
    private readonly links: MailedLinks,
    private readonly repository: AuthRepository,
    private readonly users: UsersService,
    private readonly signIns: SignIn,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Signs in whoever holds the mailbox, as a new user with the given password; where the address has a user by now, as that
   * user, whose password and name stay.
   * @throws Problem token_used; validation_failed for a poor password, which leaves the token unspent
   */
  async signIn(purpose: AddressPurpose, token: string, password?: string): Promise<SignInResult> {
    return this.links.attempt(purpose, token, () => this.#signInOrUp(purpose, token, password));
  }

  async #signInOrUp(purpose: AddressPurpose, token: string, password?: string): Promise<SignInResult> {
    const found = await this.links.find(purpose, token);
    if (found.userId !== null) return this.#signIn(purpose, token, found.userId, found.email);
    return (await this.#signUp(purpose, token, found, password)) ?? this.#signInOrUp(purpose, token, password);
  }

  #signIn(purpose: AddressPurpose, token: string, userId: string, { key }: EmailIdentity): Promise<SignInResult> {
    return this.#inTransactionOf(userId, async () => {
      await this.links.spend(purpose, token);
      return this.signIns.complete(userId, 'email', key);
    });
  }

  /** @returns undefined, and nothing happened, where the address got a user this moment: by another link of its own */
  async #signUp(
    purpose: AddressPurpose,
    token: string,
    { email, name }: EmailToken,
    password: string | undefined,
  ): Promise<SignInResult | undefined> {
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password, [email.key, name]);
    const userId = uuid();
    return this.#inTransactionOf(userId, async () => {
      if (!(await this.users.create(email, name))) return undefined;
      await this.links.spend(purpose, token);
      if (passwordHash !== undefined) this.repository.insertPassword(passwordHash);
      return this.signIns.complete(userId, 'email', email.key);
    });
  }

  #inTransactionOf<T>(userId: string, work: () => Promise<T>): Promise<T> {
    return this.database.inScope(Scope.user(userId), () => this.database.transaction(work));
  }
}
