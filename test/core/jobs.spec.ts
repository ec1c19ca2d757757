import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { Task, TaskList } from 'graphile-worker';
import pg from 'pg';
import { Registry } from 'prom-client';
import type { Config } from '../../src/config/index.ts';
import { MasterKeys } from '../../src/core/crypto/index.ts';
import type { Database, Statement } from '../../src/core/database/index.ts';
import { JobMetrics } from '../../src/core/jobs/job-metrics.ts';
import { JobError, Jobs, Tasks } from '../../src/core/jobs/index.ts';
import { Payloads } from '../../src/core/jobs/payloads.ts';
import { type Backlog, Presence } from '../../src/core/jobs/presence.ts';
import { type SessionOptions, STOP_LIMITS_MS, type StopLimits, workUntil } from '../../src/core/jobs/worker-session.ts';
import { Worker } from '../../src/core/jobs/worker.ts';
import { TestDatabase } from '../support/database.ts';
import { testConfig } from '../support/environment.ts';
import { until } from '../support/until.ts';

const STOP_WITHIN_MS = 10_000;
const { abortAfter, abandonAfter, abandonWithin, closeWithin } = STOP_LIMITS_MS;
// A session that is given a fifth of the time has to stop in a fifth of what a process may take.
const HURRY = 5;
const hurried: StopLimits = {
  abortAfter: abortAfter / HURRY,
  abandonAfter: abandonAfter / HURRY,
  abandonWithin: abandonWithin / HURRY,
  closeWithin: closeWithin / HURRY,
};

const END_PRESENCE = `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
  and database = (select oid from pg_database where datname = current_database())`;

const WAITING = `from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

describe('jobs', () => {
  let database: TestDatabase;
  let server: pg.Client;
  let owner: pg.Client;
  const warnings: string[] = [];
  const sessions: { stop: () => Promise<void> }[] = [];
  let child: ChildProcess | undefined;
  const workerUrl = (): string => database.url('tenantry_worker');

  beforeAll(async () => {
    database = await TestDatabase.create();
    server = new pg.Client(database.url('tenantry_app'));
    owner = new pg.Client(workerUrl());
    await Promise.all([server.connect(), owner.connect()]);
  });

  afterEach(async () => {
    child?.kill('SIGKILL');
    child = undefined;
    await Promise.all(sessions.splice(0).map((session) => session.stop()));
    await owner.query('delete from graphile_worker._private_jobs');
    warnings.length = 0;
  });

  afterAll(async () => {
    await Promise.all([server.end(), owner.end()]);
    await database.drop();
  });

  const enqueue = (task: string, payload: object = {}) => server.query('select app.enqueue($1, $2)', [task, payload]);

  function work(
    tasks: TaskList,
    {
      onBacklog = () => undefined,
      limits = STOP_LIMITS_MS,
      recurrences = [],
    }: Partial<Pick<SessionOptions, 'onBacklog' | 'limits' | 'recurrences'>> = {},
  ) {
    const stopping = new AbortController();
    const ended = workUntil(stopping.signal, {
      connectionString: workerUrl(),
      tasks,
      logger: { warn: (line: string) => void warnings.push(line) },
      onBacklog,
      limits,
      recurrences,
    });
    ended.catch(() => undefined);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await ended.catch(() => undefined);
    };
    sessions.push({ stop });
    return { stop, ended };
  }

  async function workThatHangs(task: string): Promise<void> {
    const script = fileURLToPath(new URL('../support/hanging-worker.ts', import.meta.url));
    child = spawn(process.execPath, [script, workerUrl(), task], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
  }

  async function rows(): Promise<
    { attempts: number; max_attempts: number; last_error: string | null; locked_by: string }[]
  > {
    return (await owner.query('select * from graphile_worker._private_jobs order by id')).rows;
  }

  describe('what is enqueued', () => {
    it('is done after the commit, with its payload', async () => {
      const done: unknown[] = [];
      work({ note: async (payload) => void done.push(payload) });
      await server.query('begin');
      await enqueue('note', { number: 1 });
      await delay(200);
      expect(done).toEqual([]);
      await server.query('commit');
      await until(() => done.length > 0);
      expect(done).toEqual([{ number: 1 }]);
      await until(async () => (await rows()).length === 0);
    });

    it('is gone with a transaction that rolls back', async () => {
      await server.query('begin');
      await enqueue('note');
      await server.query('rollback');
      expect(await rows()).toEqual([]);
    });

    it.each([
      ['a name of another form', `select app.enqueue('Note; drop', '{}')`],
      ['no name', `select app.enqueue(null, '{}')`],
      ['an array, which would be a batch', `select app.enqueue('note', '[]')`],
      ['no payload', `select app.enqueue('note', null)`],
    ])('is refused with %s', async (_what, statement) => {
      await expect(server.query(statement)).rejects.toMatchObject({ code: '22023' });
    });

    it('can be neither read nor added by another way from the server', async () => {
      await expect(server.query('select * from graphile_worker._private_jobs')).rejects.toMatchObject({
        code: '42501',
      });
      await expect(server.query(`select graphile_worker.add_job('note')`)).rejects.toMatchObject({ code: '42501' });
    });
  });

  describe('a job that fails', () => {
    it('is tried again later, and keeps why', async () => {
      const attempts: number[] = [];
      work({
        fail_once: async (_payload, { job }) => {
          attempts.push(job.attempts);
          if (job.attempts === 1) throw new Error('not yet');
        },
      });
      await enqueue('fail_once');
      await until(async () => (await rows())[0]?.last_error === 'not yet');
      expect(await rows()).toMatchObject([{ attempts: 1, max_attempts: 12, locked_by: null }]);
      await owner.query('update graphile_worker._private_jobs set run_at = now()');
      await owner.query(`select pg_notify('jobs:insert', '{"count":1}')`);
      await until(() => attempts.length === 2);
      await until(async () => (await rows()).length === 0);
    });

    it('says nothing of itself in the log of the queue', async () => {
      const failed = Promise.withResolvers<void>();
      work({
        fail: async () => {
          setTimeout(failed.resolve, 100);
          throw new Error('no such user ada@example.com');
        },
      });
      await enqueue('fail', { to: 'ada@example.com' });
      await failed.promise;
      expect(warnings).toEqual([]);
    });
  });

  describe('a task that recurs', () => {
    const HOUR = 3_600;
    const keyed = async (): Promise<unknown[]> =>
      (
        await owner.query(
          `select key, attempts, last_error, run_at > now() and run_at <= now() + interval '1 hour'
             and extract(minute from run_at) + extract(second from run_at) = 0 as "isNextHour"
             from graphile_worker._private_jobs order by id`,
        )
      ).rows;
    const next = { key: 'recurring tidy', attempts: 0, last_error: null, isNextHour: true };

    it('is in the queue once, for the next full interval, however many workers there are', async () => {
      const backlogs: Backlog[] = [];
      const options = {
        recurrences: [{ task: 'tidy', everySeconds: HOUR }],
        onBacklog: (backlog: Backlog) => void backlogs.push(backlog),
      };
      for (let i = 0; i < 3; i += 1) work({ tidy: async () => undefined }, options);
      await until(() => backlogs.length === 3);
      expect(await keyed()).toEqual([next]);
      expect(backlogs).toEqual(Array.from({ length: 3 }, () => ({ queued: 0, givenUp: 0 })));
    });

    it('is done when its time comes, and keeps it until then; the next run is added after it', async () => {
      const presence = await Presence.connect(workerUrl());
      const schedule = (): Promise<void> => presence.schedule([{ task: 'tidy', everySeconds: HOUR }]);
      await schedule();
      await owner.query(`update graphile_worker._private_jobs set run_at = now() - interval '1 second'`);
      await schedule();
      expect(await keyed()).toEqual([{ ...next, isNextHour: false }]);
      const payloads: unknown[] = [];
      work({ tidy: async (payload) => void payloads.push(payload) });
      await until(async () => (await rows()).length === 0);
      await schedule();
      expect(payloads).toEqual([{}]);
      expect(await keyed()).toEqual([next]);
      await presence.end();
    });

    it('that fails is not given up, and leaves nothing behind: its next attempt is the next run', async () => {
      const presence = await Presence.connect(workerUrl());
      const schedule = (): Promise<void> => presence.schedule([{ task: 'tidy', everySeconds: HOUR }]);
      await schedule();
      await owner.query('update graphile_worker._private_jobs set run_at = now()');
      const { stop } = work({ tidy: async () => Promise.reject(new Error('not this time')) });
      await until(async () => (await rows())[0]?.last_error === 'not this time');
      await stop();
      expect(await presence.backlog()).toEqual({ queued: 1, givenUp: 0 });
      await schedule();
      expect(await keyed()).toEqual([next]);
      await presence.end();
    });
  });

  describe('a worker that was killed in the middle of a job', () => {
    it('loses it to the next one at once', async () => {
      await enqueue('hang');
      await workThatHangs('hang');
      child!.kill('SIGKILL');
      await once(child!, 'exit');
      // PostgreSQL takes a moment to see it; a worker that starts before that frees the job a minute later.
      await until(async () => (await connections()) === 0);
      const attempts: number[] = [];
      work({ hang: async (_payload, { job }) => void attempts.push(job.attempts) });
      await until(() => attempts.length > 0);
      expect(attempts).toEqual([2]);
      expect(warnings).toEqual([expect.stringMatching(/^Freed the jobs of workers that are gone: pool-\w+$/)]);
    });

    it('kept it for as long as it lived', async () => {
      await enqueue('hang');
      await workThatHangs('hang');
      let stolen = 0;
      const backlogs: Backlog[] = [];
      work({ hang: async () => void stolen++ }, { onBacklog: (backlog) => void backlogs.push(backlog) });
      await until(() => backlogs.length > 0);
      await delay(200);
      expect(stolen).toBe(0);
      expect(warnings).toEqual([]);
      expect(await rows()).toMatchObject([{ attempts: 1, locked_by: expect.stringMatching(/^pool-/) }]);
    });
  });

  describe('a worker', () => {
    it('ends when it can no longer prove that it lives, and leaves nothing behind', async () => {
      let isReady = false;
      const { ended } = work({ note: async () => undefined }, { onBacklog: () => (isReady = true) });
      await until(() => isReady);
      await owner.query(END_PRESENCE);
      await expect(ended).rejects.toThrow('The connection that proves the worker alive was lost.');
      await until(async () => (await connections()) === 0);
    });

    it('that loses its other connections goes on with its jobs, in this session or in the next', async () => {
      const done: number[] = [];
      const tasks = { note: async () => void done.push(1) };
      let isOver = false;
      // As the Worker does: a session that fails is followed by another.
      const goOn = (): void => {
        if (!isOver) work(tasks).ended.catch(goOn);
      };
      goOn();
      await enqueue('note');
      await until(() => done.length === 1);
      await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity a where application_name = 'tenantry worker'
        and datname = current_database() and not exists (select from pg_locks l where l.pid = a.pid and locktype = 'advisory')`);
      await enqueue('note');
      await until(() => done.length === 2);
      isOver = true;
    });

    it('ends when its first look for jobs fails, rather than never looking again', async () => {
      await owner.query('begin');
      await owner.query('lock table graphile_worker._private_tasks');
      const { ended } = work({ note: async () => undefined });
      await until(async () => (await database.query(`select 1 ${WAITING}`)).length > 0);
      await database.query(`select pg_terminate_backend(pid) ${WAITING}`);
      await owner.query('rollback');
      await expect(ended).rejects.toThrow('terminating connection');
    });

    it('stops within 10 s where the database does not answer', async () => {
      await owner.query('begin');
      await owner.query('lock table graphile_worker._private_tasks');
      const { stop } = work({ note: async () => undefined }, { limits: hurried });
      await until(async () => (await database.query(`select 1 ${WAITING}`)).length > 0);
      const start = performance.now();
      await stop();
      expect(performance.now() - start).toBeLessThan(STOP_WITHIN_MS / HURRY);
      await owner.query('rollback');
    });

    it('lets a running job come to its end when it stops', async () => {
      const started = Promise.withResolvers<void>();
      let isDone = false;
      const { stop } = work({
        slow: async () => {
          started.resolve();
          await delay(300);
          isDone = true;
        },
      });
      await enqueue('slow');
      await started.promise;
      await stop();
      expect(isDone).toBe(true);
      expect(await rows()).toEqual([]);
      await until(async () => (await connections()) === 0);
    });

    it('stops within 10 s all the same, and leaves the job to a later attempt', async () => {
      const started = Promise.withResolvers<void>();
      let wasAsked = false;
      const deaf: Task = (_payload, { abortSignal }) => {
        abortSignal.addEventListener('abort', () => (wasAsked = true));
        started.resolve();
        return new Promise(() => undefined);
      };
      const { stop } = work({ deaf }, { limits: hurried });
      await enqueue('deaf');
      await started.promise;
      const start = performance.now();
      await stop();
      expect(performance.now() - start).toBeLessThan(STOP_WITHIN_MS / HURRY);
      expect(wasAsked).toBe(true);
      expect(await rows()).toMatchObject([{ attempts: 1, locked_by: null, last_error: 'the process stopped' }]);
    });

    it('is given steps to stop that fit into 10 s, one after the other', () => {
      expect(abortAfter).toBeLessThan(abandonAfter);
      expect(abandonAfter + abandonWithin + closeWithin).toBeLessThan(STOP_WITHIN_MS);
    });

    it('counts what waits and what was given up', async () => {
      await enqueue('nobody_does_this');
      await enqueue('given_up');
      await owner.query(`update graphile_worker._private_jobs set attempts = max_attempts where id = (select max(id) from
        graphile_worker._private_jobs)`);
      const counted = Promise.withResolvers<Backlog>();
      work({ note: async () => undefined }, { onBacklog: counted.resolve });
      expect(await counted.promise).toEqual({ queued: 1, givenUp: 1 });
    });
  });

  describe('the application', () => {
    const tasks = new Tasks();
    const done: unknown[] = [];
    const payloads = new Payloads(new MasterKeys(testConfig().encryptionKeys));
    const enqueueSealed = (task: string, payload: object = {}) => enqueue(task, payloads.seal(task, payload));
    beforeAll(() => tasks.register('note' as never, async (payload) => void done.push(payload)));

    it('has a worker from its start to its stop, and a new one when that fails', async () => {
      Logger.overrideLogger(false);
      const config = { database: { directUrl: workerUrl() } } as Config;
      const worker = new Worker(config, tasks, new JobMetrics(new Registry()), payloads);
      worker.onApplicationBootstrap();
      await enqueueSealed('note', { number: 1 });
      await until(() => done.length === 1);
      await owner.query(END_PRESENCE);
      await enqueueSealed('note', { number: 2 });
      await until(() => done.length === 2);
      expect(done).toEqual([{ number: 1 }, { number: 2 }]);
      await worker.beforeApplicationShutdown();
      await until(async () => (await connections()) === 0);
    });

    it('raises its voice when a job is given up', async () => {
      const lines: unknown[] = [];
      const ignore = (): void => undefined;
      Logger.overrideLogger({ log: ignore, warn: ignore, error: (line: unknown) => void lines.push(line) });
      const failing = new Tasks();
      failing.register('fail' as never, async () => Promise.reject(new TypeError('of ada@example.com')));
      const metrics = new Registry();
      const config = { database: { directUrl: workerUrl() } } as Config;
      await enqueueSealed('fail');
      await owner.query('update graphile_worker._private_jobs set attempts = max_attempts - 1');
      const worker = new Worker(config, failing, new JobMetrics(metrics), payloads);
      worker.onApplicationBootstrap();
      await until(() => lines.length > 0);
      await worker.beforeApplicationShutdown();
      expect(lines).toMatchObject([{ msg: 'job given up', task: 'fail', attempt: 12, error: 'TypeError' }]);
      expect(JSON.stringify(lines)).not.toContain('ada@');
      expect(await rows()).toMatchObject([{ last_error: 'TypeError' }]);
      expect(await metrics.metrics()).toContain('job_duration_seconds_count{task="fail",outcome="given_up"} 1');
    });

    it.each([
      ['in plain text', 'note', { number: 4 }],
      ['sealed for another task', 'note', payloads.seal('fail', { number: 4 })],
      ['edited', 'note', { sealed: `${payloads.seal('note', {}).sealed}A` }],
      [
        'sealed under a key that nobody has',
        'note',
        { sealed: payloads.seal('note', {}).sealed.replace('.test.', '.lost.') },
      ],
      ['of another kind', 'note', { sealed: 4 }],
    ])('does no job that no server has written, and raises its voice: %s', async (_, task, payload) => {
      const lines: unknown[] = [];
      const ignore = (): void => undefined;
      Logger.overrideLogger({ log: ignore, warn: ignore, error: (line: unknown) => void lines.push(line) });
      const before = done.length;
      await enqueue(task, payload);
      const config = { database: { directUrl: workerUrl() } } as Config;
      const worker = new Worker(config, tasks, new JobMetrics(new Registry()), payloads);
      worker.onApplicationBootstrap();
      await until(() => lines.length > 0);
      await worker.beforeApplicationShutdown();
      expect(lines).toMatchObject([{ msg: 'job failed', task, attempt: 1, error: 'Undecipherable' }]);
      expect(done).toHaveLength(before);
    });

    it('keeps of a failure what it says may be kept', async () => {
      Logger.overrideLogger(false);
      const failing = new Tasks();
      failing.register('fail' as never, async () => Promise.reject(new JobError('reply 451')));
      await enqueueSealed('fail');
      const config = { database: { directUrl: workerUrl() } } as Config;
      const worker = new Worker(config, failing, new JobMetrics(new Registry()), payloads);
      worker.onApplicationBootstrap();
      await until(async () => (await rows())[0]?.last_error === 'reply 451');
      await worker.beforeApplicationShutdown();
    });

    it('stops at once where the database is away', async () => {
      const directUrl = 'postgres://nobody:nothing@127.0.0.1:1/none';
      const worker = new Worker({ database: { directUrl } } as Config, tasks, new JobMetrics(new Registry()), payloads);
      worker.onApplicationBootstrap();
      await delay(50);
      const start = performance.now();
      await worker.beforeApplicationShutdown();
      expect(performance.now() - start).toBeLessThan(1_000);
    });

    it('enqueues what has a handler, in the current transaction', () => {
      const deferred: Statement[] = [];
      const jobs = new Jobs(
        { defer: (statement: Statement) => void deferred.push(statement) } as Database,
        tasks,
        payloads,
      );
      jobs.enqueue('note' as never, { number: 3 } as never);
      const [task, payload] = deferred[0]!.values as [string, string];
      expect(payload).not.toContain('number');
      expect(payloads.open(task, JSON.parse(payload))).toEqual({ number: 3 });
      expect(() => jobs.enqueue('unheard_of' as never, {} as never)).toThrow('No handler is registered');
    });

    it('has one handler for each task', () => {
      expect(() => tasks.register('note' as never, async () => undefined)).toThrow('two handlers');
    });
  });

  /** How many connections workers have here. */
  async function connections(): Promise<number> {
    const { rows: found } = await owner.query(`select count(*)::int as number from pg_stat_activity
      where application_name = 'tenantry worker' and datname = current_database()`);
    return found[0].number;
  }
});
