import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/index.ts';
import type { Clock } from '../clock/clock.ts';
import { addressBlock, clientAddress } from '../http/client-address.ts';
import type { Problem } from '../http/problem.ts';
import { ProxyHint } from './proxy-hint.ts';
import { RateLimit } from './rate-limit.ts';
import { TokenBuckets } from './token-buckets.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its address has made too many. Answered after what its headers and its size are refused for, and before its body is parsed. */
    excess?: Problem | undefined;
  }
}

/**
 * How much this process does for one address and for one caller: against floods and runaway clients, not a quota that is sold.
 * So it is not shared, and costs a request next to nothing.
 */
export class RequestLimits {
  readonly #address: RateLimit;
  readonly #addresses: TokenBuckets;
  readonly #caller: RateLimit;
  readonly #callers: TokenBuckets;
  /** Of the sign-in limit too: it is given once. */
  readonly proxyHint = new ProxyHint();

  constructor({ limits }: Config, clock: Clock) {
    this.#address = new RateLimit('address', limits.address);
    this.#addresses = new TokenBuckets(this.#address, clock);
    this.#caller = new RateLimit('caller', limits.caller);
    this.#callers = new TokenBuckets(this.#caller, clock);
  }

  /** Counts a request as it comes in, also one that the parser is going to refuse. */
  countAddress(request: FastifyRequest, reply: FastifyReply): void {
    if (request.routeOptions.config.unlimited) return;
    const { allowed, fullIn } = this.#addresses.take(addressBlock(clientAddress(request)));
    this.#address.tell(reply, fullIn);
    if (allowed) return;
    this.proxyHint.give(request);
    request.excess = this.#address.problem(fullIn);
  }

  /**
   * Counts a request of a user whose token has been verified, whatever session it is of.
   * @throws Problem rate_limited
   */
  countCaller(userId: string, reply: FastifyReply): void {
    const { allowed, fullIn } = this.#callers.take(userId);
    this.#caller.tell(reply, fullIn);
    if (!allowed) throw this.#caller.problem(fullIn);
  }
}
