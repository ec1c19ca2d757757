import pg from 'pg';
import type { Recurrence } from './tasks.ts';

/**
 * A dead peer (power cut, network gone) is noticed after half a minute; the system's default is two hours. A killed
 * process needs none of this: its connection closes with it.
 */
const KEEPALIVE = '-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;

/** Who holds jobs or queues, but is not me and is no longer present, holds them no longer. */
const RELEASE_THE_ABSENT = `
  with holders as materialized (
    select locked_by as id from graphile_worker._private_jobs where locked_by is not null
    union
    select locked_by from graphile_worker._private_job_queues where locked_by is not null
  ), absent as materialized (
    select id from holders
    where id <> $1 and pg_try_advisory_xact_lock(hashtextextended('tenantry worker ' || id, 0))
  )
  select id, graphile_worker.force_unlock_workers(array[id]) from absent`;

/** A job under the task's own key, which the queue has once: whoever comes first adds it, and it keeps its time. */
const SCHEDULE = `
  select graphile_worker.add_job(
    task, '{}', job_key => 'recurring ' || task, job_key_mode => 'preserve_run_at',
    run_at => date_bin(every, now(), 'epoch') + every
  ) from unnest($1::text[], $2::integer[]) as r (task, seconds), make_interval(secs => seconds) as every`;

/** What waits for its time is no backlog. */
const BACKLOG = `
  select count(*) filter (where attempts < max_attempts or locked_at is not null)::int as queued,
    count(*) filter (where attempts >= max_attempts and locked_at is null)::int as "givenUp"
  from graphile_worker._private_jobs where attempts > 0 or run_at <= now()`;

export interface Backlog {
  /** Due, waiting for a later attempt, or running. */
  readonly queued: number;
  /** Failed at the last attempt. */
  readonly givenUp: number;
}

/**
 * That a worker is alive, as a fact in the database that cannot outlive it: an advisory lock on the worker's id, held by
 * a session of its own. graphile-worker alone keeps the jobs of a killed worker locked for four hours.
 *
 * Nothing here depends on clocks. A worker whose session broke while it lives on may have its running jobs taken over
 * (a task may run twice); it must take no new one before it is present again.
 */
export class Presence {
  readonly #client: pg.Client;
  /** Rejects when the session has ended, for whatever reason. */
  readonly lost: Promise<never>;

  private constructor(client: pg.Client) {
    this.#client = client;
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    promise.catch(() => undefined);
    client.once('end', () => reject(new Error('The connection that proves the worker alive was lost.')));
    // The end is what counts; without a listener the error before it would end the process.
    client.on('error', () => undefined);
  }

  /** @throws when the database cannot be reached within 5 s */
  static async connect(connectionString: string): Promise<Presence> {
    const client = new pg.Client({
      connectionString,
      options: KEEPALIVE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      application_name: 'tenantry worker',
    });
    const presence = new Presence(client);
    await client.connect();
    return presence;
  }

  /** Makes the worker present until this session ends. */
  async announce(workerId: string): Promise<void> {
    await this.#client.query(`select pg_advisory_lock(hashtextextended('tenantry worker ' || $1, 0))`, [workerId]);
  }

  /** Frees what absent workers hold, for any worker to take at once; returns their ids. */
  async releaseTheAbsent(workerId: string): Promise<string[]> {
    const { rows } = await this.#client.query<{ id: string }>(RELEASE_THE_ABSENT, [workerId]);
    return rows.map((row) => row.id);
  }

  /** Adds the next run of each, where it is not there yet. Called at least once in an interval, none is left out. */
  async schedule(recurrences: readonly Recurrence[]): Promise<void> {
    if (recurrences.length === 0) return;
    const columns = [recurrences.map(({ task }) => task), recurrences.map(({ everySeconds }) => everySeconds)];
    await this.#client.query(SCHEDULE, columns);
  }

  async backlog(): Promise<Backlog> {
    const { rows } = await this.#client.query<Backlog>(BACKLOG);
    return rows[0] ?? { queued: 0, givenUp: 0 };
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}
