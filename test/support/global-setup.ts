import { join } from 'node:path';
import { buildClient } from '../../prisma/embedded/build.ts';
import { throwAwayCluster } from '../../prisma/embedded/throw-away.ts';
import { deploy } from '../../prisma/engine/deploy.ts';
import { createTemplate, shareServer } from './database.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Starts one PostgreSQL for the whole run, and the template that each spec file's database is cloned from. In a clone that
 * nobody has built yet, and after a change of the schema, it makes the Prisma client first.
 */
export default async function start(): Promise<void> {
  await buildClient(ROOT);
  const cluster = await throwAwayCluster();
  Object.assign(globalThis, { stopCluster: () => cluster.stop() });
  const passwords = {
    tenantry_owner: cluster.password('tenantry_owner'),
    tenantry_app: cluster.password('tenantry_app'),
    tenantry_worker: cluster.password('tenantry_worker'),
    tenantry_keys: cluster.password('tenantry_keys'),
    tenantry_operator: cluster.password('tenantry_operator'),
  };
  const server = { adminUrl: cluster.adminUrl, passwords };
  await createTemplate(server, (url) => deploy(url, { passwords }));
  shareServer(server);
}
