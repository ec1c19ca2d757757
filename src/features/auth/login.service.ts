import { Injectable } from '@nestjs/common';
import { currentRequest } from '../../core/context/context.ts';
import { KeyedHash, Passwords } from '../../core/crypto/index.ts';
import { Database, Scope } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import { emailIdentity } from '../users/index.ts';
import { AuthRepository, type StrongerHash } from './auth.repository.ts';
import { SessionsService, type TokenPair } from './sessions.service.ts';

@Injectable()
export class LoginService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuthRepository,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly keyedHash: KeyedHash,
  ) {}

  /**
   * Signs in by password. Known and unknown addresses get the same answer after the same work.
   * @throws Problem invalid_credentials; rate_limited after too many wrong passwords for the address
   */
  async login(email: string, password: string): Promise<TokenPair> {
    const identity = emailIdentity(email);
    const addressHash = this.keyedHash.digest('email_address', identity.key);
    const { userId, passwordHash, retryAfter } = await this.repository.findCredentials(identity, addressHash);
    refuseBlocked(retryAfter);
    const matches = await this.passwords.verify(passwordHash, password);
    if (!matches || userId === null) {
      refuseBlocked(await this.repository.recordFailure(identity, addressHash, currentRequest()));
      throw new Problem('invalid_credentials', { detail: 'The address or the password is wrong.' });
    }
    const stronger = await this.#stronger(passwordHash, password);
    return this.database.inScope(Scope.user(userId), () =>
      this.database.transaction(async () => {
        refuseBlocked(await this.repository.forgiveFailures(addressHash));
        if (stronger) this.repository.strengthenPassword(stronger);
        return this.sessions.begin(userId, 'pwd');
      }),
    );
  }

  /** Only now is the password at hand of which another hash can be made. Hashed before the transaction: that takes a while. */
  async #stronger(current: string | null, password: string): Promise<StrongerHash | undefined> {
    if (current === null || !this.passwords.isOutdated(current)) return undefined;
    return { current, replacement: await this.passwords.hash(password) };
  }
}

/** @throws Problem rate_limited while an address is blocked; the fields of the IETF's RateLimit headers draft go with it */
function refuseBlocked(retryAfter: number): void {
  if (retryAfter === 0) return;
  throw new Problem('rate_limited', {
    detail: 'Too many wrong passwords for this address. Wait as long as Retry-After says.',
    headers: {
      'retry-after': String(retryAfter),
      'ratelimit-policy': '"sign-in";q=10;w=900',
      ratelimit: `"sign-in";r=0;t=${retryAfter}`,
    },
  });
}
