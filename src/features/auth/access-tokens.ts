import { Injectable } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { v4 as randomId } from 'uuid';
import { Config } from '../../config/index.ts';
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE } from '../../core/access/index.ts';
import { Clock, numericDate } from '../../core/clock/clock.ts';
import { SigningKey } from '../../core/crypto/index.ts';

/** A session, as far as an access token tells of it. */
export interface TokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  /** When the person last proved who they are, and how (`pwd` of RFC 8176; `email` for a mailed link). */
  readonly authenticatedAt: Date;
  readonly methods: readonly string[];
}

/** Seconds that an access token is valid for. Its session is asked after at every request all the same. */
export const ACCESS_TOKEN_LIFETIME_SECONDS = 600;

/** Signs access tokens (RFC 9068): short-lived, for this API alone. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly key: SigningKey,
  ) {}

  sign({ userId, sessionId, authenticatedAt, methods }: TokenSubject): string {
    const issuedAt = this.clock.seconds();
    const claims = {
      iss: this.config.apiUrl,
      aud: this.config.apiUrl,
      sub: userId,
      sid: sessionId,
      iat: issuedAt,
      exp: issuedAt + ACCESS_TOKEN_LIFETIME_SECONDS,
      jti: randomId(),
      amr: methods,
      auth_time: numericDate(authenticatedAt),
    };
    const header = { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: this.key.id };
    return jwt.sign(claims, this.key.privateKey, { algorithm: ACCESS_TOKEN_ALGORITHM, header });
  }
}
