import { defineConfig } from 'prisma/config';

/** For the official CLI, which works on the same folder: it migrates as the owner. */
export default defineConfig({
  schema: '../prisma/schema',
  migrations: { path: '../prisma/migrations' },
  datasource: { url: process.env['MIGRATION_DATABASE_URL'] ?? '' },
});
