import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Project } from '../../prisma/engine/project.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

const SCHEMA = `generator client {
  provider            = "prisma-client"
  output              = "../../src/generated/prisma"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}
datasource db {
  provider = "postgresql"
}
model Note {
  id   String @id @default(dbgenerated("uuidv7()")) @db.Uuid
  text String
  @@map("notes")
}
`;

const CREATE = `create table notes (id uuid primary key default uuidv7(), text text not null);
create function note_count() returns bigint language plpgsql as $$ begin return (select count(*) from notes); end $$;
`;
const DROP = 'drop function note_count;\ndrop table notes; -- no line end on purpose';

// What the server is to the launcher: it listens, and stops when it is told to.
const SERVER = `import { createServer } from 'node:http';
const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(7);
  response.end(request.url === '/environment' ? JSON.stringify(process.env) : 'ready');
});
server.listen(Number(process.env['PORT']), process.env['HOST']);
process.once('SIGTERM', () => server.close().closeAllConnections());
`;

// The scratch schema has nobody to seed; the real one is tried in seed.e2e-spec.ts.
const SEED = `export const seed = async (appUrl: string, password: string) => ({ email: 'demo@example.com', memberEmail: 'member@example.com', password });\n`;

const folders: string[] = [];

/** An empty folder that is gone when the spec file calls removeScratch. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-test-'));
  // PostgreSQL may have to run as another user than ours.
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

export function removeScratch(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** A schema of one table, and the migration that makes it. */
export function scratchProject(folder = scratchFolder()): Project {
  const project = { schema: join(folder, 'prisma/schema'), migrations: join(folder, 'prisma/migrations') };
  mkdirSync(project.schema, { recursive: true });
  writeFileSync(join(project.schema, 'base.prisma'), SCHEMA);
  mkdirSync(project.migrations, { recursive: true });
  writeFileSync(join(project.migrations, 'migration_lock.toml'), 'provider = "postgresql"\n');
  addMigration(project, '20260101000000_notes', CREATE, DROP);
  return project;
}

export function addMigration(project: Project, name: string, up: string, down?: string): void {
  const folder = join(project.migrations, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'migration.sql'), up);
  if (down !== undefined) writeFileSync(join(folder, 'down.sql'), down);
}

/** A clone of the repository with the scratch project in place of its schema and a stub in place of its server. */
export function scratchClone(): string {
  const clone = scratchFolder();
  for (const path of [
    'prisma/embedded',
    'prisma/engine',
    'prisma/queue.sql',
    'prisma/roles.sql',
    'package.json',
    'tsconfig.json',
    'src/tsconfig.json',
    'src/core/openapi/swagger-ui.session.js',
    '.config',
  ]) {
    cpSync(join(REPOSITORY, path), join(clone, path), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(clone, 'node_modules'));
  writeFileSync(join(clone, 'src/main.ts'), SERVER);
  writeFileSync(join(clone, 'prisma/seed.ts'), SEED);
  scratchProject(clone);
  return clone;
}
