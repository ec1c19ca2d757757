import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationDirectory, MigrationList, SchemaContainer } from '@prisma/schema-engine-wasm/schema_engine_bg';

const LOCK_FILE = 'migration_lock.toml';

/** The folders that the engine works on; both absolute. */
export interface Project {
  readonly schema: string;
  readonly migrations: string;
}

/** This repository's own. */
export const tenantry: Project = {
  schema: join(import.meta.dirname, '../schema'),
  migrations: join(import.meta.dirname, '../migrations'),
};

/** The Prisma schema, as the engine takes it. */
export async function schemaFiles(project: Project): Promise<SchemaContainer[]> {
  const names = (await readdir(project.schema)).filter((name) => name.endsWith('.prisma')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const path = join(project.schema, name);
      return { path, content: await readFile(path, 'utf8') };
    }),
  );
}

/** The migrations in the order they are applied, as the engine takes them. */
export async function migrationList(project: Project): Promise<MigrationList> {
  const lockFile = join(project.migrations, LOCK_FILE);
  return {
    baseDir: project.migrations,
    lockfile: { path: LOCK_FILE, content: existsSync(lockFile) ? await readFile(lockFile, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: await migrationDirectories(project),
  };
}

async function migrationDirectories(project: Project): Promise<MigrationDirectory[]> {
  const entries = await readdir(project.migrations, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const value = await readFile(join(project.migrations, name, 'migration.sql'), 'utf8');
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
    }),
  );
}
