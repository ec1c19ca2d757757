import { Clock } from '../../src/core/clock/clock.ts';

/** A clock that a test moves; it runs on from there. What the database judges (sessions, tokens) goes by its own clock. */
export class TestClock extends Clock {
  #ahead = 0;

  override now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  /** @returns another clock, that much behind this one */
  behind(milliseconds: number): TestClock {
    const other = new TestClock();
    other.advance(this.#ahead - milliseconds);
    return other;
  }

  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
}
