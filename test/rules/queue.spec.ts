import pg from 'pg';
import { TestDatabase } from '../support/database.ts';

/** In place of the function that graphile-worker and app.enqueue call. */
const ADD_JOB = `graphile_worker.add_job(identifier text, payload json default null, queue_name text default null,
  run_at timestamptz default null, max_attempts int default null, job_key text default null, priority int default null,
  flags text[] default null, job_key_mode text default 'replace') returns graphile_worker._private_jobs
  language plpgsql as $$ begin return null; end $$`;
const F = `function graphile_worker.f() returns boolean language plpgsql as $$ begin return true; end $$`;

describe('what others run', () => {
  let database: TestDatabase;
  let worker: pg.Client;

  beforeAll(async () => {
    database = await TestDatabase.create();
    // So that it is the owner that counts, and not that the worker can't name what is in there.
    await database.query('grant usage on schema app to tenantry_worker');
    worker = new pg.Client(database.url('tenantry_worker'));
    await worker.connect();
  });

  afterAll(async () => {
    await worker.end();
    await database.drop();
  });

  describe.each<[who: string, steps: string[]]>([
    [
      "in the server's transactions",
      [
        'alter function app.enqueue(text, json) security invoker',
        'alter function app.enqueue(text, json) set search_path = graphile_worker',
        'create or replace function app.enqueue(p_task text, p_payload json) returns void language sql as $$ select $$',
        'drop function app.enqueue(text, json)',
        `create or replace function ${ADD_JOB}`,
        'alter function graphile_worker.add_jobs rename to add_other_jobs',
        'create table graphile_worker.loot (who text, what jsonb)',
        `create ${F}`,
        'create trigger planted before insert on graphile_worker._private_jobs for each row execute function app.count_version()',
        'create rule planted as on insert to graphile_worker._private_jobs do also notify planted',
        'alter table graphile_worker._private_tasks alter identifier set default version()',
        'alter table graphile_worker._private_jobs add check (version() is not null)',
        'create index planted on graphile_worker._private_jobs ((payload::text))',
        'create policy planted on graphile_worker._private_jobs using (version() is not null)',
        'set role tenantry_queue',
        'set role tenantry_gate',
        'set role tenantry_app',
      ],
    ],
    [
      'in a deployment',
      [
        'alter table graphile_worker.migrations rename to migrations_real',
        'drop table graphile_worker.migrations',
        'update graphile_worker.migrations set breaking = false',
        `create or replace ${F}`,
        'create view graphile_worker.migrations_too as select 1 as id',
        'create or replace view graphile_worker.jobs as select 1 as id',
        'alter schema graphile_worker rename to graphile_worker_real',
        'drop schema graphile_worker cascade',
        'create schema graphile_worker_too',
        'create schema tenantry_owner',
        'create table public.planted ()',
        'set role tenantry_owner',
        'alter role tenantry_worker superuser',
        'alter role tenantry_owner login superuser',
        'grant tenantry_owner to tenantry_worker',
      ],
    ],
  ])('%s is not for the worker to say', (_when, steps) => {
    it.each(steps)('%s', async (step) => {
      await expect(worker.query(step)).rejects.toMatchObject({ code: '42501' });
    });
  });

  it.each([
    [
      'the schema',
      'usage on schema graphile_worker',
      `has_schema_privilege('tenantry_app', 'graphile_worker', 'usage')`,
    ],
    [
      'a table',
      'insert on graphile_worker._private_jobs',
      `has_table_privilege('tenantry_app', 'graphile_worker._private_jobs', 'insert')`,
    ],
    [
      'a function',
      'execute on function graphile_worker.add_jobs',
      `has_function_privilege('tenantry_app', 'graphile_worker.add_jobs(graphile_worker.job_spec[], boolean)', 'execute')`,
    ],
  ])('the worker lets the server into nothing: %s', async (_what, privilege, held) => {
    // PostgreSQL answers with no more than a warning.
    await worker.query(`grant ${privilege} to tenantry_app`);
    expect(await database.query(`select ${held} as held`)).toEqual([{ held: false }]);
  });

  it('only the server adds jobs by app.enqueue', async () => {
    await expect(worker.query(`select app.enqueue('note', '{}')`)).rejects.toMatchObject({ code: '42501' });
  });
});
