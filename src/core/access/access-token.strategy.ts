import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import { Config } from '../../config/index.ts';
import { type VerificationKey, VerificationKeys } from '../crypto/index.ts';
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, type AccessClaims } from './access-token.ts';
import { credentialOf } from './credential.ts';
import { unverified } from './unverified-token.ts';

export const ACCESS_TOKEN_STRATEGY = 'access-token';

interface Payload {
  readonly sub: string;
  readonly sid: string;
  readonly exp: number;
}

/**
 * Verifies an access token of ours (RFC 9068; ASVS 5.0, 9.1): our key, our algorithm, our type, for us, not expired. What the
 * token says of keys (`jku`, `jwk`, `x5u`) is never read.
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, ACCESS_TOKEN_STRATEGY) {
  constructor(config: Config, keys: VerificationKeys) {
    super({
      jwtFromRequest: (request: FastifyRequest) => credentialOf(request).token,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: string) => void) =>
        done(null, keyOf(token, keys)?.pem),
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer: config.apiUrl,
      audience: config.apiUrl,
    });
  }

  validate({ sub, sid, exp }: Payload): AccessClaims {
    return { userId: sub, sessionId: sid, expiresAt: exp };
  }
}

/** @returns undefined for what is no access token of ours: a refresh token, an identity token, another issuer's */
function keyOf(token: string, keys: VerificationKeys): VerificationKey | undefined {
  const header = unverified(token)?.header;
  const isOurs = header?.typ === ACCESS_TOKEN_TYPE && header.alg === ACCESS_TOKEN_ALGORITHM;
  return isOurs && typeof header.kid === 'string' ? keys.find(header.kid) : undefined;
}
