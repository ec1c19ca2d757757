import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { actingAs, connected } from './connection.ts';
import { exclusively } from './deploy.ts';
import { tenantry, type Project } from './project.ts';

interface AppliedMigration {
  readonly name: string;
  readonly finished: boolean;
}

/**
 * Takes back the last `count` migrations by their down.sql: all of them in one transaction with their rows of
 * _prisma_migrations, or none. A migration that failed left nothing behind (its script is one transaction), so only its
 * row goes, and the next deployment tries it again.
 *
 * @returns the names of the migrations that were taken back, newest first
 * @throws where a down.sql is missing or fails
 */
export async function rollback(url: string, count = 1, project: Project = tenantry): Promise<string[]> {
  return exclusively(url, () =>
    connected(actingAs(url, 'tenantry_owner'), async (owner) => {
      const migrations = await lastMigrations(owner, count);
      const scripts = await Promise.all(migrations.map((migration) => wayBack(migration, project)));
      await owner.query(['begin', ...scripts, 'commit'].join(';\n'));
      return migrations.map((migration) => migration.name);
    }),
  );
}

async function lastMigrations(owner: pg.Client, count: number): Promise<AppliedMigration[]> {
  const { rows: tables } = await owner.query<{ found: boolean }>(
    "select to_regclass('_prisma_migrations') is not null as found",
  );
  if (!tables[0]?.found) return [];
  const { rows } = await owner.query<AppliedMigration>(
    `select migration_name as name, finished_at is not null as finished
     from _prisma_migrations where rolled_back_at is null
     order by started_at desc, migration_name desc limit $1`,
    [count],
  );
  return rows;
}

async function wayBack({ name, finished }: AppliedMigration, project: Project): Promise<string> {
  const forget = `delete from _prisma_migrations where migration_name = '${name.replaceAll("'", "''")}'`;
  if (!finished) return forget;
  const file = join(project.migrations, name, 'down.sql');
  if (!existsSync(file)) throw new Error(`${name} has no way back: ${file} is missing`);
  // Its own line end: the script may close with a comment.
  return `${await readFile(file, 'utf8')}\n;${forget}`;
}
