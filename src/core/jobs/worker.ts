import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Task, TaskList } from 'graphile-worker';
import { Config } from '../../config/index.ts';
import { Undecipherable } from '../crypto/index.ts';
import { JobError } from './job-error.ts';
import { JobMetrics } from './job-metrics.ts';
import { Payloads } from './payloads.ts';
import { STOP_LIMITS_MS, workUntil } from './worker-session.ts';
import { type Handler, Tasks } from './tasks.ts';

/** How long to wait before a new session when one has failed: the database is away, or restarts. */
const NEW_SESSION_AFTER_MS = 2_000;

/** Does the jobs, for as long as the application runs. Several processes share the work, each with a worker of its own. */
@Injectable()
export class Worker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Jobs');
  readonly #stopping = new AbortController();
  #stopped: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: Config,
    private readonly tasks: Tasks,
    private readonly metrics: JobMetrics,
    private readonly payloads: Payloads,
  ) {}

  /** Every module has registered its tasks by now. Does not wait: the API answers without a worker as well. */
  onApplicationBootstrap(): void {
    this.#stopped = this.#work();
  }

  /** Returns within 10 s. Jobs that are not done by then are done later, by whichever worker there is. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.#stopped;
  }

  async #work(): Promise<void> {
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      await this.#session(stopping);
      await delay(NEW_SESSION_AFTER_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
  }

  async #session(stopping: AbortSignal): Promise<void> {
    try {
      await workUntil(stopping, {
        connectionString: this.config.database.directUrl,
        tasks: this.#taskList(),
        recurrences: this.tasks.recurrences,
        logger: this.#logger,
        onBacklog: (backlog) => this.metrics.backlog(backlog),
        limits: STOP_LIMITS_MS,
      });
    } catch (error) {
      this.#logger.error({ msg: 'the worker failed and starts anew', reason: String(error) });
    }
  }

  #taskList(): TaskList {
    return Object.fromEntries(
      [...this.tasks.entries()].map(([name, handler]) => [name, this.#measured(name, handler)]),
    );
  }

  /** Logs by ids and names alone: what an error says may quote an address. */
  #measured(task: string, handler: Handler): Task {
    return async (payload, { job }) => {
      const entry = { task, job_id: job.id, attempt: job.attempts };
      const ended = this.metrics.started(task);
      try {
        await handler(this.#opened(task, payload), { jobId: job.id });
        this.#logger.log({ msg: 'job done', ...entry, duration_ms: ended('done') });
      } catch (error) {
        const isLast = job.attempts >= job.max_attempts;
        const duration_ms = ended(isLast ? 'given_up' : 'failed');
        const line = { msg: isLast ? 'job given up' : 'job failed', ...entry, duration_ms, error: nameOf(error) };
        // Nobody but a server writes payloads: one that can't be opened is worth an alarm.
        if (isLast || error instanceof Undecipherable) this.#logger.error(line);
        else this.#logger.warn(line);
        throw new Error(error instanceof JobError ? error.message : nameOf(error), { cause: error });
      }
    };
  }

  /** What recurs was asked for by no server: there is nothing in it. */
  #opened(task: string, payload: unknown): unknown {
    const recurs = this.tasks.recurrences.some((recurrence) => recurrence.task === task);
    return recurs ? {} : this.payloads.open(task, payload);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
