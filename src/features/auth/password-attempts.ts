import { Injectable } from '@nestjs/common';
import { currentRequest } from '../../core/context/context.ts';
import { KeyedHash, Passwords } from '../../core/crypto/index.ts';
import { Problem } from '../../core/http/index.ts';
import type { EmailIdentity } from '../users/index.ts';
import { AuthRepository, type Credentials, type FailedAttempt } from './auth.repository.ts';

/** A password that was right, a moment ago. */
export interface ProvedPassword {
  readonly userId: string;
  readonly addressHash: Buffer;
  readonly passwordHash: string | null;
  readonly passwordSetAt: string | null;
}

/** Compares passwords, and counts the wrong ones for one address together, wherever they were tried. */
@Injectable()
export class PasswordAttempts {
  constructor(
    private readonly repository: AuthRepository,
    private readonly passwords: Passwords,
    private readonly keyedHash: KeyedHash,
  ) {}

  /** @throws Problem rate_limited after too many wrong passwords for the address */
  async credentialsOf(identity: EmailIdentity): Promise<Credentials & { readonly addressHash: Buffer }> {
    const addressHash = this.keyedHash.digest('email_address', identity.key);
    const credentials = await this.repository.findCredentials(identity, addressHash);
    refuseBlocked(credentials.retryAfter);
    return { ...credentials, addressHash };
  }

  /**
   * Known and unknown addresses take the same work. A transaction must not have accepted a password before, whose count it holds.
   * @returns undefined, and it is counted, where the password is wrong
   * @throws Problem rate_limited after too many wrong passwords for the address
   */
  async prove(identity: EmailIdentity, password: string, action: FailedAttempt): Promise<ProvedPassword | undefined> {
    const { userId, passwordHash, passwordSetAt, addressHash } = await this.credentialsOf(identity);
    const matches = await this.passwords.verify(passwordHash, password);
    if (matches && userId !== null) return { userId, addressHash, passwordHash, passwordSetAt };
    refuseBlocked(await this.repository.recordFailure(identity, action, addressHash, currentRequest()));
    return undefined;
  }

  /**
   * Forgets the wrong ones, in a transaction of the password's owner, until whose end the password stays as it is.
   * @returns false where another was set since it was right: whatever it proved is over
   * @throws Problem rate_limited where others have had the address blocked meanwhile
   */
  async accept({ addressHash, passwordSetAt }: ProvedPassword): Promise<boolean> {
    const { retryAfter, isCurrent } = await this.repository.acceptPassword(addressHash, passwordSetAt);
    refuseBlocked(retryAfter);
    return isCurrent;
  }
}

/** @throws Problem rate_limited while an address is blocked; the fields of the IETF's RateLimit headers draft go with it */
function refuseBlocked(retryAfter: number): void {
  if (retryAfter === 0) return;
  throw new Problem('rate_limited', {
    detail: 'Too many wrong passwords for this address. Wait as long as Retry-After says, or use a mailed link.',
    headers: {
      'retry-after': String(retryAfter),
      'ratelimit-policy': '"sign-in";q=10;w=900',
      ratelimit: `"sign-in";r=0;t=${retryAfter}`,
    },
  });
}
