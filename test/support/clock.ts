import { Clock } from '../../src/core/clock/clock.ts';

/** A clock that a test moves; it runs on from there. What the database judges (sessions, tokens) goes by its own clock. */
export class TestClock extends Clock {
  #ahead = 0;
  #stopped: number | undefined;

  override now(): Date {
    return new Date((this.#stopped ?? Date.now()) + this.#ahead);
  }

  /** From here on it goes by `advance` alone. */
  stop(): void {
    this.#stopped = Date.now();
  }

  /** @returns another clock, that much behind this one */
  behind(milliseconds: number): TestClock {
    const other = new TestClock();
    other.#stopped = this.#stopped;
    other.advance(this.#ahead - milliseconds);
    return other;
  }

  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
}
