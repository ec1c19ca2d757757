import type { Clock } from '../clock/clock.ts';
import type { RateLimit } from './rate-limit.ts';
import { ShortMemory } from './short-memory.ts';

export interface Taken {
  readonly allowed: boolean;
  /** Milliseconds until the bucket is full. */
  readonly fullIn: number;
}

/** The buckets of one limit, in this process. A bucket that is full again is the same as none, so it need not be kept. */
export class TokenBuckets {
  /** When each is full, in milliseconds since 1970. */
  readonly #fullAt: ShortMemory<number>;

  /** @param capacity see ShortMemory */
  constructor(
    private readonly limit: RateLimit,
    private readonly clock: Clock,
    capacity?: number,
  ) {
    this.#fullAt = new ShortMemory(clock, limit.window, capacity);
  }

  /** Takes a request from the bucket, where there is one left. */
  take(key: string): Taken {
    const now = this.clock.now().getTime();
    const known = (this.#fullAt.get(key) ?? now) - now;
    // Later than it can be, by more than rounding, is what a clock said that was set back since: nobody is to wait for it.
    const fullIn = known > this.limit.window + this.limit.interval ? 0 : Math.max(0, known);
    const allowed = this.limit.available(fullIn) >= 1;
    const after = allowed ? fullIn + this.limit.interval : fullIn;
    this.#fullAt.set(key, now + after);
    return { allowed, fullIn: after };
  }
}
