import { defineConfig } from 'prisma/config';

// Generating asks for the engine's binary, which it never runs and would download: any file that exists will do.
if (process.argv.includes('generate')) process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

/** For the official CLI, which works on the same folder: it migrates as the owner. */
export default defineConfig({
  schema: '../prisma/schema',
  migrations: { path: '../prisma/migrations' },
  datasource: { url: process.env['MIGRATION_DATABASE_URL'] ?? '' },
});
