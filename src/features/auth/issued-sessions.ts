import { Injectable } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { Config } from '../../config/index.ts';
import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE, unverified } from '../../core/access/index.ts';
import { VerificationKeys } from '../../core/crypto/index.ts';

/** Tells which session an access token was issued for, be it expired or not: no proof of who calls. */
@Injectable()
export class IssuedSessions {
  constructor(
    private readonly config: Config,
    private readonly keys: VerificationKeys,
  ) {}

  /** @returns the session's id; undefined for what is no access token of ours */
  sessionOf(token: string): string | undefined {
    const header = unverified(token)?.header;
    const key = header?.typ === ACCESS_TOKEN_TYPE ? this.keys.find(header.kid ?? '') : undefined;
    const sid: unknown = key && this.#claims(token, key.pem)?.['sid'];
    return typeof sid === 'string' ? sid : undefined;
  }

  #claims(token: string, pem: string): jwt.JwtPayload | undefined {
    const { apiUrl } = this.config;
    const algorithms = [ACCESS_TOKEN_ALGORITHM] satisfies jwt.Algorithm[];
    try {
      const claims = jwt.verify(token, pem, { algorithms, issuer: apiUrl, audience: apiUrl, ignoreExpiration: true });
      return typeof claims === 'string' ? undefined : claims;
    } catch {
      return undefined;
    }
  }
}
