import { Clock } from '../../src/core/clock/clock.ts';

/** A clock that a test moves; it runs on from there. What the database judges (sessions, tokens) goes by its own clock. */
export class TestClock extends Clock {
  #ahead = 0;

  override now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
}
