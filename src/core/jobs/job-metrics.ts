import { Injectable } from '@nestjs/common';
import { Gauge, Histogram, Registry } from 'prom-client';
import { MS_PER_SECOND } from '../telemetry/index.ts';
import type { Backlog } from './presence.ts';

/** From a mail to a server next door to the longest that a mail server may take. */
const BUCKETS_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/** `done`, `failed` (and tried again), or `given_up` after the last attempt, which is worth an alarm. */
export type Outcome = 'done' | 'failed' | 'given_up';

/** What the worker tells of itself and of the queue. */
@Injectable()
export class JobMetrics {
  readonly #attempts: Histogram<'task' | 'outcome'>;
  readonly #queued: Gauge;
  readonly #givenUp: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#attempts = new Histogram({
      name: 'job_duration_seconds',
      help: 'Attempts at jobs by this process, by task and outcome (done, failed, given_up).',
      labelNames: ['task', 'outcome'],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#queued = new Gauge({
      name: 'jobs_queued',
      help: 'Jobs that are not done yet, of all processes, up to a minute old.',
      registers,
    });
    this.#givenUp = new Gauge({
      name: 'jobs_given_up',
      help: 'Jobs that failed at their last attempt and wait for an operator, of all processes, up to a minute old.',
      registers,
    });
  }

  /** Starts the watch on an attempt; the function that it returns stops it, and returns milliseconds. */
  started(task: string): (outcome: Outcome) => number {
    const start = performance.now();
    return (outcome) => {
      const milliseconds = performance.now() - start;
      this.#attempts.observe({ task, outcome }, milliseconds / MS_PER_SECOND);
      return Math.round(milliseconds);
    };
  }

  backlog({ queued, givenUp }: Backlog): void {
    this.#queued.set(queued);
    this.#givenUp.set(givenUp);
  }
}
