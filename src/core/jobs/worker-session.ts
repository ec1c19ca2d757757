import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Logger as GraphileLogger,
  runTaskList,
  type TaskList,
  type WorkerEvents,
  type WorkerPool,
} from 'graphile-worker';
import pg from 'pg';
import { type Backlog, Presence } from './presence.ts';
import type { Recurrence } from './tasks.ts';

/** Jobs at a time in one process. They wait for the network, not for the processor. */
const CONCURRENCY = 4;
/** One connection listens for new jobs, the others take and finish them. */
const POOL_SIZE = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const CARE_INTERVAL_MS = 60_000;

/** Milliseconds that the end of a session may take, step by step; together they stay well within the 10 s of a stop. */
export interface StopLimits {
  /** What a running job is given when the process stops: then its signal aborts, */
  readonly abortAfter: number;
  /** and then it is left to a later attempt. */
  readonly abandonAfter: number;
  /** And these are for a database that does not answer any more. */
  readonly abandonWithin: number;
  readonly closeWithin: number;
}

export const STOP_LIMITS_MS: StopLimits = {
  abortAfter: 2_000,
  abandonAfter: 3_000,
  abandonWithin: 2_000,
  closeWithin: 1_000,
};

export interface SessionOptions {
  /** A direct connection as the worker's role. */
  readonly connectionString: string;
  readonly tasks: TaskList;
  readonly recurrences: readonly Recurrence[];
  readonly logger: Pick<Console, 'warn'>;
  /** Told at the start and every minute. */
  readonly onBacklog: (backlog: Backlog) => void;
  readonly limits: StopLimits;
}

/**
 * Takes jobs until told to stop, or until its connection or graphile-worker fails.
 * A new session is a new worker, with a new id: the first thing it does is to free what a dead one held.
 * @throws what made it fail; when it returns or throws, it holds no job, and no connection that still answers
 */
export async function workUntil(stopping: AbortSignal, options: SessionOptions): Promise<void> {
  const presence = await Presence.connect(options.connectionString);
  const pool = connections(options);
  const over = new AbortController();
  const announced = Promise.withResolvers<void>();
  announced.promise.catch(() => undefined);
  const events: WorkerEvents = new EventEmitter();
  const workers = takeJobs(pool, { ...options, events, announced: announced.promise });
  try {
    await presence.announce(workers.id);
    announced.resolve();
    await Promise.race([
      aborted(stopping),
      workers.promise,
      presence.lost,
      failureToLook(events),
      stopByItself(events),
      careForTheQueue(presence, workers.id, over.signal, options),
    ]);
  } finally {
    over.abort();
    announced.reject(new Error('The worker is stopping.'));
    await finish(workers, options.limits);
    await settles(Promise.all([presence.end(), pool.end()]), options.limits.closeWithin);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function connections({ connectionString, logger }: SessionOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'tenantry worker',
  });
  // The pool replaces a broken connection by itself; without a listener the error would end the process.
  const broken = (error: Error): void => logger.warn(`A connection of the worker broke: ${error.message}`);
  pool.on('error', broken);
  pool.on('connect', (client) => client.on('error', broken));
  return pool;
}

interface Start extends SessionOptions {
  readonly events: WorkerEvents;
  readonly announced: Promise<void>;
}

function takeJobs(pool: pg.Pool, { tasks, logger, limits, events, announced }: Start): WorkerPool {
  return runTaskList(
    {
      events,
      concurrency: CONCURRENCY,
      // The process has its own way to stop.
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: limits.abortAfter,
      // Asked before each job is taken: a job held by a worker not yet present would be freed under its hands.
      forbiddenFlags: () => announced.then(() => []),
      logger: quiet(logger),
      // Without a batch a completion that fails is an unhandled rejection, which would end the process; with one it
      // ends this session, and the next one frees the job. The batch waits for nothing.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    },
    tasks,
    pool,
  );
}

/**
 * Rejects when a look for a job fails. The server may have given us one before the answer was lost, and it would be ours as long
 * as this session lives: the next one frees it. (Of the first look graphile-worker would remember the failure for ever besides.)
 */
function failureToLook(events: WorkerEvents): Promise<never> {
  return new Promise((_resolve, reject) => {
    events.once('worker:getJob:error', ({ error }) => reject(error));
  });
}

/** Rejects when graphile-worker gives up, as after a completion that failed: its own way to stop may take for ever. */
function stopByItself(events: WorkerEvents): Promise<never> {
  return new Promise((_resolve, reject) => {
    events.once('pool:gracefulShutdown', ({ message }) => reject(new Error(message)));
  });
}

/** graphile-worker logs payloads in its metadata and the messages of failed tasks; ours are logged by the Worker. */
function quiet(logger: Pick<Console, 'warn'>): GraphileLogger {
  return new GraphileLogger(() => (level, message, meta) => {
    if ((level === 'error' || level === 'warning') && !('failure' in meta)) logger.warn(message);
  });
}

/** Now and every minute. Ends by rejection alone: when the session is over, or its connection does not answer. */
async function careForTheQueue(
  presence: Presence,
  workerId: string,
  over: AbortSignal,
  { logger, onBacklog, recurrences }: SessionOptions,
): Promise<never> {
  for (;;) {
    await presence.schedule(recurrences);
    const absent = await presence.releaseTheAbsent(workerId);
    if (absent.length > 0) logger.warn(`Freed the jobs of workers that are gone: ${absent.join(', ')}`);
    onBacklog(await presence.backlog());
    await delay(CARE_INTERVAL_MS, undefined, { signal: over });
  }
}

/** Lets running jobs come to their end, within bounds. A job that is left running counts as failed and is tried again. */
async function finish(workers: WorkerPool, limits: StopLimits): Promise<void> {
  if (await settles(workers.gracefulShutdown(), limits.abandonAfter)) return;
  await settles(workers.forcefulShutdown('the process stopped'), limits.abandonWithin);
}

/** @returns whether the work came to an end, good or bad, in time */
async function settles(work: unknown, milliseconds: number): Promise<boolean> {
  const settled = Promise.allSettled([work]).then(() => true);
  return Promise.race([settled, delay(milliseconds, false, { ref: false })]);
}
