import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.ts';
import type { AccessClaims } from './access-token.ts';

/** Tokens of this many sessions are in use at a time before the oldest is verified again. */
const CAPACITY = 10_000;

/**
 * Claims of tokens whose signature has been verified, until they expire: a signature check costs a hundred times a look-up.
 * Whether the session still lives is no question for this cache; the database is asked that with every request.
 */
@Injectable()
export class ClaimsCache {
  readonly #claims = new Map<string, AccessClaims>();

  constructor(private readonly clock: Clock) {}

  find(token: string): AccessClaims | undefined {
    const claims = this.#claims.get(token);
    if (!claims || claims.expiresAt > this.clock.seconds()) return claims;
    this.#claims.delete(token);
    return undefined;
  }

  keep(token: string, claims: AccessClaims): void {
    this.#claims.set(token, claims);
    for (const oldest of this.#claims.keys()) {
      if (this.#claims.size <= CAPACITY) break;
      this.#claims.delete(oldest);
    }
  }
}
