import type { FastifyReply } from 'fastify';
import type { Quota } from '../../config/index.ts';

import { addHeader } from '../http/headers.ts';
import { Problem } from '../http/problem.ts';
import { MS_PER_SECOND } from '../telemetry/metrics.ts';
import { policyField, standingField } from './rate-limit-fields.ts';

/** Of a request: by how much what comes back continuously may be rounded. */
const TOLERANCE = 0.01;

/**
 * A token bucket's rule: so many requests at once, and they come back evenly over the window. All that there is to know of a
 * bucket is how many milliseconds it takes to be full again, so that is what is kept of it.
 */
export class RateLimit {
  readonly window: number;
  /** Milliseconds until one request has come back. */
  readonly interval: number;
  readonly #policy: string;

  /** @param name what callers are told that is limited */
  constructor(
    private readonly name: string,
    readonly quota: Quota,
  ) {
    this.window = quota.seconds * MS_PER_SECOND;
    this.interval = this.window / quota.requests;
    this.#policy = policyField(name, quota);
  }

  /** @returns how many requests may be made now */
  available(fullIn: number): number {
    return Math.floor((this.window - fullIn) / this.interval + TOLERANCE);
  }

  /** @returns whole seconds until a request may be made, at least 1 */
  retryAfter(fullIn: number): number {
    return Math.max(1, Math.ceil((fullIn + this.interval - this.window) / MS_PER_SECOND));
  }

  /**
   * Adds `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): the rule, and where the caller stands.
   * `t` is when the whole quota is there again; while none of it is, when the next request may be made, as in Retry-After.
   */
  tell(reply: FastifyReply, fullIn: number): void {
    const available = this.available(fullIn);
    const seconds = available > 0 ? Math.ceil(fullIn / MS_PER_SECOND) : this.retryAfter(fullIn);
    addHeader(reply, 'ratelimit-policy', this.#policy);
    addHeader(reply, 'ratelimit', standingField(this.name, Math.max(0, available), seconds));
  }

  /** @returns the refusal of a request that there is none left for */
  problem(fullIn: number): Problem {
    return new Problem('rate_limited', { headers: { 'retry-after': String(this.retryAfter(fullIn)) } });
  }
}
