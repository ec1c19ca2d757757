import { randomUUID } from 'node:crypto';
import { actingAs, connected, withDatabase } from './connection.ts';
import { migrateJobs } from './jobs.ts';
import { migrationList, schemaFiles, tenantry, type Project } from './project.ts';
import { ensureRoles } from './roles.ts';
import { filters, withSchemaEngine } from './schema-engine.ts';

// What the engine answers with when both sides are the same.
const SAME = 0;

/**
 * Applies the migrations to a database of its own and compares the outcome with the Prisma schema. The connection has to
 * be one that may make databases; the one at `url` itself is not touched.
 *
 * @returns the SQL that leads from the migrations to the schema; empty where they agree
 */
export async function drift(url: string, project: Project = tenantry): Promise<string> {
  const [migrations, files] = await Promise.all([migrationList(project), schemaFiles(project)]);
  return withShadowDatabase(url, (shadowUrl) =>
    withSchemaEngine(project, { url: shadowUrl, shadowUrl }, async (engine) => {
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'migrations', ...migrations },
        to: { tag: 'schemaDatamodel', files },
        script: true,
        exitCode: true,
        filters,
      });
      return exitCode === SAME ? '' : (stdout ?? 'The migrations and the schema differ.');
    }),
  );
}

async function withShadowDatabase<T>(url: string, work: (shadowUrl: string) => Promise<T>): Promise<T> {
  const name = `tenantry_shadow_${randomUUID().replaceAll('-', '')}`;
  const shadowUrl = withDatabase(url, name);
  return connected(url, async (client) => {
    await client.query(`create database ${name} template template0`);
    try {
      await connected(shadowUrl, (shadow) => ensureRoles(shadow, {}));
      await migrateJobs(shadowUrl);
      return await work(actingAs(shadowUrl, 'tenantry_owner'));
    } finally {
      await client.query(`drop database if exists ${name} with (force)`);
    }
  });
}
