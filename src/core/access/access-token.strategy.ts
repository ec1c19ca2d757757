import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import jwt from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';
import { Config } from '../../config/index.ts';
import { SigningKey } from '../crypto/index.ts';
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, type AccessClaims } from './access-token.ts';
import { credentialOf } from './credential.ts';

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
  constructor(config: Config, signingKey: SigningKey) {
    super({
      jwtFromRequest: (request: FastifyRequest) => credentialOf(request).token,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: string) => void) =>
        done(null, isOurs(token, signingKey.id) ? publicPem(signingKey) : undefined),
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer: config.apiUrl,
      audience: config.apiUrl,
    });
  }

  validate({ sub, sid, exp }: Payload): AccessClaims {
    return { userId: sub, sessionId: sid, expiresAt: exp };
  }
}

/** A refresh token, an identity token or another issuer's must not pass for an access token. */
function isOurs(token: string, keyId: string): boolean {
  const header = jwt.decode(token, { complete: true })?.header;
  return header?.typ === ACCESS_TOKEN_TYPE && header.kid === keyId && header.alg === ACCESS_TOKEN_ALGORITHM;
}

function publicPem(signingKey: SigningKey): string {
  return signingKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
