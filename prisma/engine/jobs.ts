import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger, runMigrations } from 'graphile-worker';
import { actingAs, connected } from './connection.ts';

const grantsFile = join(import.meta.dirname, '../queue.sql');

// Only what goes wrong is worth a line of a deployment's output.
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message);
});

/**
 * Brings the job queue's schema up to date, owned by tenantry_owner, and grants the worker what it needs there: the worker
 * does not migrate. Before the migrations of this repository, whose functions enqueue into it.
 */
export async function migrateJobs(url: string): Promise<void> {
  const owner = actingAs(url, 'tenantry_owner');
  await runMigrations({ connectionString: owner, logger });
  const grants = await readFile(grantsFile, 'utf8');
  await connected(owner, (client) => client.query(grants));
}
