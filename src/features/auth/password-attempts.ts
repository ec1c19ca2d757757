import { Injectable } from '@nestjs/common';
import { callerSessionId, currentRequest } from '../../core/context/context.ts';
import { KeyedHash, Passwords } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { type Problem, validationProblem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import { type EmailIdentity, identityOf, type UserIdentity } from '../users/index.ts';
import { AuthRepository, type Credentials, type FailedAttempt, type WrongPassword } from './auth.repository.ts';

/** Of one address, before a sign-in or in a session. */
const wrongPasswords: Block = {
  name: 'sign-in',
  requests: 10,
  seconds: 900,
  detail: 'Too many wrong passwords for this address. Wait as long as Retry-After says, or use a mailed link.',
};

/** What a password is compared with, of whoever has the address. */
export interface ClaimedCredentials extends Credentials {
  readonly identity: EmailIdentity;
  /** What wrong ones count for. */
  readonly subject: Buffer;
}

/** A password that was right, a moment ago. */
export interface ProvedPassword {
  readonly userId: string;
  readonly subject: Buffer;
  readonly passwordHash: string | null;
  readonly passwordSetAt: string | null;
}

/** The caller's own. */
export interface ProvedOwnPassword extends ProvedPassword {
  /** The field that it was sent in. */
  readonly pointer: string;
}

/** Compares passwords, and counts the wrong ones for one address together: those before a sign-in, and those in a session. */
@Injectable()
export class PasswordAttempts {
  constructor(
    private readonly database: Database,
    private readonly repository: AuthRepository,
    private readonly passwords: Passwords,
    private readonly keyedHash: KeyedHash,
  ) {}

  /** @throws Problem rate_limited after too many wrong passwords for the address */
  async credentialsOf(identity: EmailIdentity): Promise<ClaimedCredentials> {
    return this.#claim(identity, 'email_address');
  }

  /** As `credentialsOf`, for the caller's own: wrong ones count apart from those of whoever is not signed in. */
  async ownCredentials(user: UserIdentity): Promise<ClaimedCredentials> {
    return this.#claim(identityOf(user), 'own_password');
  }

  async #claim(identity: EmailIdentity, purpose: 'email_address' | 'own_password'): Promise<ClaimedCredentials> {
    const subject = this.keyedHash.digest(purpose, identity.key);
    const credentials = await this.repository.findCredentials(identity, subject);
    refuseWhileBlocked(wrongPasswords, credentials.retryAfter);
    return { ...credentials, identity, subject };
  }

  /**
   * Known and unknown addresses take the same work. A transaction must not have accepted a password before, whose count it holds.
   * @returns undefined, and it is counted, where the password is wrong
   * @throws Problem rate_limited after too many wrong passwords for the address
   */
  async prove(
    { identity, userId, passwordHash, passwordSetAt, subject }: ClaimedCredentials,
    password: string,
    action: FailedAttempt,
  ): Promise<ProvedPassword | undefined> {
    const matches = await this.passwords.verify(passwordHash, password);
    if (matches && userId !== null) return { userId, subject, passwordHash, passwordSetAt };
    const addressHash = this.keyedHash.digest('email_address', identity.key);
    refuseWhileBlocked(
      wrongPasswords,
      await this.#recordFailure({
        emailKey: identity.key,
        subject,
        addressHash,
        action,
        callerSessionId: callerSessionId(),
      }),
    );
    return undefined;
  }

  /** Whatever becomes of the transaction that the password was sent in: a refusal undoes that. */
  async #recordFailure(wrong: WrongPassword): Promise<number> {
    return this.database.apart(() => this.repository.recordFailure(wrong, currentRequest()));
  }

  /**
   * Forgets the wrong ones, in a transaction of the password's owner, until whose end the password stays as it is.
   * @returns false where another was set since it was right: whatever it proved is over
   * @throws Problem rate_limited where others have had the address blocked meanwhile
   */
  async accept({ subject, passwordSetAt }: ProvedPassword): Promise<boolean> {
    const { retryAfter, isCurrent } = await this.repository.acceptPassword(subject, passwordSetAt);
    refuseWhileBlocked(wrongPasswords, retryAfter);
    return isCurrent;
  }

  /**
   * As `prove`, for the caller's own password.
   * @param pointer to the field that it was sent in
   * @throws Problem validation_failed where it is wrong, and it is counted; rate_limited after too many wrong ones
   */
  async proveOwn(
    credentials: ClaimedCredentials,
    password: string,
    action: FailedAttempt,
    pointer: string,
  ): Promise<ProvedOwnPassword> {
    const proved = await this.prove(credentials, password, action);
    if (!proved) throw wrongPassword(pointer);
    return { ...proved, pointer };
  }

  /**
   * As `accept`, for the caller's own password: whatever it proved has to happen in the same transaction.
   * @throws Problem validation_failed where another was set meanwhile; rate_limited
   */
  async acceptOwn(proved: ProvedOwnPassword): Promise<void> {
    if (!(await this.accept(proved))) throw wrongPassword(proved.pointer);
  }
}

export function wrongPassword(pointer: string): Problem {
  return validationProblem([{ pointer, code: 'wrong', detail: 'must be your password' }]);
}
