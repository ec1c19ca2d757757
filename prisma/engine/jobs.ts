import { Logger, runMigrations } from 'graphile-worker';
import { actingAs, connected } from './connection.ts';

// Only what goes wrong is worth a line of a deployment's output.
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message);
});

/**
 * Brings the job queue's schema up to date, owned by the role that the worker signs in as. Before the migrations of this
 * repository, whose functions enqueue into it.
 */
export async function migrateJobs(url: string): Promise<void> {
  const owner = actingAs(url, 'tenantry_owner');
  const worker = actingAs(url, 'tenantry_worker');
  if (await isEmpty(worker)) await makeRoom(owner, worker);
  await runMigrations({ connectionString: worker, logger });
}

async function isEmpty(worker: string): Promise<boolean> {
  return connected(worker, async (client) => {
    const { rows } = await client.query<{ found: boolean }>(
      "select to_regclass('graphile_worker.migrations') is not null as found",
    );
    return !rows[0]?.found;
  });
}

/**
 * The library's own first step needs CREATE on the whole database, which the worker is not to have. The owner makes the
 * schema instead, and the worker the table in it; every later step is the library's.
 */
async function makeRoom(owner: string, worker: string): Promise<void> {
  await connected(owner, (client) =>
    client.query('create schema if not exists graphile_worker authorization tenantry_worker'),
  );
  await connected(worker, (client) =>
    client.query(`create table graphile_worker.migrations
      (id int primary key, ts timestamptz not null default now(), breaking boolean not null default false)`),
  );
}
