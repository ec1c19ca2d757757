import type pg from 'pg';
import { actingAs, connected } from './connection.ts';
import { migrateJobs } from './jobs.ts';
import { migrationList, tenantry, type Project } from './project.ts';
import { ensureRoles, type Passwords } from './roles.ts';
import { filters, withSchemaEngine } from './schema-engine.ts';

// A deployment waits this long for one that is already running.
const WAIT = '120s';

export interface DeployOptions {
  /** Given to roles that have no password yet. */
  readonly passwords?: Passwords;
  /** Another schema and migrations than this repository's. */
  readonly project?: Project;
}

/**
 * Brings the database at `url` up to date: roles, the job queue's schema, then every migration that it lacks. Everything
 * belongs to tenantry_owner, whoever signs in. Safe to run twice, or twice at once.
 *
 * @returns the names of the migrations that were applied, oldest first
 * @throws where the roles are missing and may not be made, and where a migration fails
 */
export async function deploy(url: string, options: DeployOptions = {}): Promise<string[]> {
  const { passwords = {}, project = tenantry } = options;
  return exclusively(url, async (client) => {
    await ensureRoles(client, passwords);
    await migrateJobs(url);
    return applyMigrations(url, project);
  });
}

/** Runs `work` while nobody else deploys to or rolls back the same database. */
export async function exclusively<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return connected(url, async (client) => {
    await client.query(`set lock_timeout = '${WAIT}'`);
    // Goes with the connection, so a deployment that is killed holds up nobody.
    await client.query("select pg_advisory_lock(hashtextextended('tenantry:deploy', 0))");
    return work(client);
  });
}

async function applyMigrations(url: string, project: Project): Promise<string[]> {
  const migrationsList = await migrationList(project);
  return withSchemaEngine(project, { url: actingAs(url, 'tenantry_owner') }, async (engine) => {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters });
    return appliedMigrationNames;
  });
}
