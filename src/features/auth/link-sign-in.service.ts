import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Database } from '../../core/database/index.ts';
import type { EmailIdentity } from '../users/index.ts';
import { type AddressPurpose, type EmailToken, MailedLinks } from './mailed-links.ts';
import { NewPasswords } from './new-passwords.ts';
import { SignIn, type SignInResult } from './sign-in.service.ts';
import { SignUp } from './sign-up.service.ts';

/** A mailed link, as whoever follows it sends it. */
export interface FollowedLink {
  readonly token: string;
  /** Of a new user. */
  readonly password?: string | undefined;
  /** The session that it was sent from, if any: its proof is renewed, where it is of the same user. */
  readonly calledFrom?: string | undefined;
}

/** Signs in by a mailed link. Nobody is a user before their address is proved: the first link makes one. */
@Injectable()
export class LinkSignInService {
  constructor(
    private readonly database: Database,
    private readonly links: MailedLinks,
    private readonly signIns: SignIn,
    private readonly signUps: SignUp,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Signs in whoever holds the mailbox, as a new user with the given password; where the address has a user by now, as that
   * user, whose password and name stay.
   * @throws Problem token_used; validation_failed for a poor password, which leaves the token unspent
   */
  async signIn(purpose: AddressPurpose, link: FollowedLink): Promise<SignInResult> {
    return this.links.attempt(purpose, link.token, () => this.#signInOrUp(purpose, link));
  }

  async #signInOrUp(purpose: AddressPurpose, link: FollowedLink): Promise<SignInResult> {
    const found = await this.links.find(purpose, link.token);
    if (found.userId !== null) return this.#signIn(purpose, link, found.userId, found.email);
    return (await this.#signUp(purpose, link, found)) ?? this.#signInOrUp(purpose, link);
  }

  #signIn(
    purpose: AddressPurpose,
    { token, calledFrom }: FollowedLink,
    userId: string,
    { key }: EmailIdentity,
  ): Promise<SignInResult> {
    return this.database.inTransactionOf(userId, async () => {
      await this.links.use(purpose, token);
      return this.signIns.complete(userId, 'email', key, calledFrom);
    });
  }

  /** @returns undefined, and nothing happened, where the address got a user this moment: by another link of its own */
  async #signUp(
    purpose: AddressPurpose,
    { token, password }: FollowedLink,
    { email, name }: EmailToken,
  ): Promise<SignInResult | undefined> {
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password, [email.key, name]);
    const id = uuid();
    return this.database.inTransactionOf(id, async () => {
      const signedIn = await this.signUps.complete({ id, email, name, passwordHash });
      if (signedIn) await this.links.use(purpose, token);
      return signedIn;
    });
  }
}
