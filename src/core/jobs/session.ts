import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger as GraphileLogger, runTaskList, type TaskList, type WorkerPool } from 'graphile-worker';
import pg from 'pg';
import { type Backlog, Presence } from './presence.ts';

/** Jobs at a time in one process. They wait for the network, not for the processor. */
const CONCURRENCY = 4;
/** One connection listens for new jobs, the others take and finish them. */
const POOL_SIZE = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const CARE_INTERVAL_MS = 60_000;
/** What a running job is given when the process stops: then its signal aborts, and then it is left to a later attempt. */
const ABORT_AFTER_MS = 3_000;
const ABANDON_AFTER_MS = 5_000;

export interface SessionOptions {
  /** A direct connection as the worker's role. */
  readonly connectionString: string;
  readonly tasks: TaskList;
  readonly logger: Pick<Console, 'warn'>;
  /** Told at the start and every minute. */
  readonly onBacklog: (backlog: Backlog) => void;
}

/**
 * Takes jobs until told to stop, or until its connection or graphile-worker fails.
 * A new session is a new worker, with a new id: the first thing it does is to free what a dead one held.
 * @throws what made it fail; when it returns or throws, it holds no connection and no job
 */
export async function workUntil(stopping: AbortSignal, options: SessionOptions): Promise<void> {
  const presence = await Presence.connect(options.connectionString);
  const pool = connections(options);
  const over = new AbortController();
  const announced = Promise.withResolvers<void>();
  announced.promise.catch(() => undefined);
  const workers = takeJobs(pool, announced.promise, options);
  try {
    await presence.announce(workers.id);
    announced.resolve();
    await Promise.race([
      aborted(stopping),
      workers.promise,
      presence.lost,
      careForTheQueue(presence, workers.id, over.signal, options),
    ]);
  } finally {
    over.abort();
    announced.reject(new Error('The worker is stopping.'));
    await finish(workers);
    await Promise.allSettled([presence.end(), pool.end()]);
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
    application_name: 'tenantry worker',
  });
  // The pool replaces a broken connection by itself; without a listener the error would end the process.
  const broken = (error: Error): void => logger.warn(`A connection of the worker broke: ${error.message}`);
  pool.on('error', broken);
  pool.on('connect', (client) => client.on('error', broken));
  return pool;
}

function takeJobs(pool: pg.Pool, announced: Promise<void>, { tasks, logger }: SessionOptions): WorkerPool {
  return runTaskList(
    {
      concurrency: CONCURRENCY,
      // The process has its own way to stop.
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: ABORT_AFTER_MS,
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
  { logger, onBacklog }: SessionOptions,
): Promise<never> {
  for (;;) {
    const absent = await presence.releaseTheAbsent(workerId);
    if (absent.length > 0) logger.warn(`Freed the jobs of workers that are gone: ${absent.join(', ')}`);
    onBacklog(await presence.backlog());
    await delay(CARE_INTERVAL_MS, undefined, { signal: over });
  }
}

/** Lets running jobs come to their end, within bounds. A job that is left running counts as failed and is tried again. */
async function finish(workers: WorkerPool): Promise<void> {
  const graceful = Promise.resolve(workers.gracefulShutdown()).then(
    () => true,
    () => true,
  );
  if (await Promise.race([graceful, delay(ABANDON_AFTER_MS, false, { ref: false })])) return;
  await Promise.resolve(workers.forcefulShutdown('the process stopped')).catch(() => undefined);
}
