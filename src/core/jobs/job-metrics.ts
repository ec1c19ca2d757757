import { Injectable } from '@nestjs/common';
import { Histogram } from 'prom-client';

const MS_PER_SECOND = 1_000;

/** `done`, `failed` (and tried again), or `given_up` after the last attempt, which is worth an alarm. */
export type Outcome = 'done' | 'failed' | 'given_up';

/** What the worker tells of itself: how long attempts take, and how they end. */
@Injectable()
export class JobMetrics {
  readonly #attempts = new Histogram({
    name: 'tenantry_job_duration_seconds',
    help: 'Attempts at jobs, by task and outcome.',
    labelNames: ['task', 'outcome'],
    registers: [],
  });

  /** Starts the watch on an attempt; the function that it returns stops it, and returns milliseconds. */
  started(task: string): (outcome: Outcome) => number {
    const start = performance.now();
    return (outcome) => {
      const milliseconds = performance.now() - start;
      this.#attempts.observe({ task, outcome }, milliseconds / MS_PER_SECOND);
      return Math.round(milliseconds);
    };
  }
}
