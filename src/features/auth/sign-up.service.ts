import { Injectable } from '@nestjs/common';
import { type EmailIdentity, UsersService } from '../users/index.ts';
import { AuthRepository } from './auth.repository.ts';
import { SignIn, type SignInResult } from './sign-in.service.ts';

/** Somebody who has just proved that an address is theirs, which has no user. */
export interface NewUser {
  readonly id: string;
  readonly email: EmailIdentity;
  readonly name: string;
  /** Of the password that they have chosen, if any. */
  readonly passwordHash: string | undefined;
}

/** Where everybody who is new comes in, whatever has proved their address. */
@Injectable()
export class SignUp {
  constructor(
    private readonly repository: AuthRepository,
    private readonly users: UsersService,
    private readonly signIns: SignIn,
  ) {}

  /**
   * Makes the user and signs them in, with the current transaction in their scope; what has proved their address is spent in it.
   * @returns undefined, and nothing happened, where the address has got a user this moment
   */
  async complete({ id, email, name, passwordHash }: NewUser): Promise<SignInResult | undefined> {
    if (!(await this.users.create(email, name))) return undefined;
    if (passwordHash !== undefined) this.repository.insertPassword(passwordHash);
    return this.signIns.complete(id, 'email', email.key);
  }
}
