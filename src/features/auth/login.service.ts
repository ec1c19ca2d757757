import { Injectable } from '@nestjs/common';
import { Passwords } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import { emailIdentity } from '../users/index.ts';
import { AuthRepository, type StrongerHash } from './auth.repository.ts';
import { PasswordAttempts } from './password-attempts.ts';
import { SignIn, type SignInResult } from './sign-in.service.ts';

@Injectable()
export class LoginService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuthRepository,
    private readonly attempts: PasswordAttempts,
    private readonly signIns: SignIn,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Signs in by password. Known and unknown addresses get the same answer after the same work.
   * @throws Problem invalid_credentials; rate_limited after too many wrong passwords for the address
   */
  async login(email: string, password: string): Promise<SignInResult> {
    const identity = emailIdentity(email);
    const credentials = await this.attempts.credentialsOf(identity);
    const proved = await this.attempts.prove(credentials, password, 'auth.sign_in_failed');
    if (!proved) throw invalidCredentials();
    const stronger = await this.#stronger(proved.passwordHash, password);
    return this.database.inTransactionOf(proved.userId, async () => {
      // A new password ends every session, and one that the old password is beginning at this moment as well.
      if (!(await this.attempts.accept(proved))) throw invalidCredentials();
      if (stronger) this.repository.strengthenPassword(stronger);
      return this.signIns.complete(proved.userId, 'pwd', identity.key);
    });
  }

  /** Only now is the password at hand of which another hash can be made. Hashed before the transaction: that takes a while. */
  async #stronger(current: string | null, password: string): Promise<StrongerHash | undefined> {
    if (current === null || !this.passwords.isOutdated(current)) return undefined;
    return { current, replacement: await this.passwords.hash(password) };
  }
}

function invalidCredentials(): Problem {
  return new Problem('invalid_credentials', { detail: 'The address or the password is wrong.' });
}
