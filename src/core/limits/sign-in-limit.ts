import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/index.ts';
import { Clock } from '../clock/clock.ts';
import { KeyedHash } from '../crypto/index.ts';
import { Database, sql } from '../database/index.ts';
import { addressBlock, clientAddress } from '../http/client-address.ts';
import { RateLimit } from './rate-limit.ts';
import { RequestLimits } from './request-limits.ts';
import { ShortMemory } from './short-memory.ts';
import type { Taken } from './token-buckets.ts';

/**
 * How often an address may try to sign in, on all servers together: who guesses at many accounts is stopped here, who guesses
 * at one by that account's own limit. Counted by the database and its clock.
 */
@Injectable()
export class SignInLimit {
  readonly #limit: RateLimit;
  /** When what an address has will have come back, by our clock, as far as we know: others can only put it off. */
  readonly #fullAt: ShortMemory<number>;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly keyedHash: KeyedHash,
    private readonly requests: RequestLimits,
  ) {
    this.#limit = new RateLimit('sign-in-address', config.limits.signIn);
    this.#fullAt = new ShortMemory(clock, this.#limit.window);
  }

  /**
   * Counts a request; where the address is known to have none left, without a question to the database.
   * @throws Problem rate_limited
   */
  async count(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const address = addressBlock(clientAddress(request));
    const { allowed, fullIn } = this.#refusalKnown(address) ?? (await this.#take(address));
    this.#limit.tell(reply, fullIn);
    if (allowed) return;
    this.requests.proxyHint.give(request);
    throw this.#limit.problem(fullIn);
  }

  #refusalKnown(address: string): Taken | undefined {
    const fullIn = (this.#fullAt.get(address) ?? 0) - this.#now();
    // Later than it can be is what a clock says that was set back.
    const isKnown = fullIn <= this.#limit.window && this.#limit.available(fullIn) < 1;
    return isKnown ? { allowed: false, fullIn } : undefined;
  }

  async #take(address: string): Promise<Taken> {
    const { requests, seconds } = this.#limit.quota;
    const hash = this.keyedHash.digest('client_address', address);
    const taken = await this.database.one<Taken>(
      sql`select allowed, full_in as "fullIn" from app.count_sign_in(${hash}, ${requests}::integer, ${seconds}::integer)`,
    );
    this.#fullAt.set(address, this.#now() + taken.fullIn);
    return taken;
  }

  #now(): number {
    return this.clock.now().getTime();
  }
}
