import { throwAwayCluster } from '../../prisma/embedded/throw-away.ts';
import { deploy } from '../../prisma/engine/deploy.ts';
import { createTemplate, shareServer } from './database.ts';

/** Starts one PostgreSQL for the whole run, and the template that each spec file's database is cloned from. */
export default async function start(): Promise<void> {
  const cluster = await throwAwayCluster();
  Object.assign(globalThis, { stopCluster: () => cluster.stop() });
  const passwords = {
    tenantry_owner: cluster.password('tenantry_owner'),
    tenantry_app: cluster.password('tenantry_app'),
    tenantry_worker: cluster.password('tenantry_worker'),
    tenantry_keys: cluster.password('tenantry_keys'),
  };
  const server = { adminUrl: cluster.adminUrl, passwords };
  await createTemplate(server, (url) => deploy(url, { passwords }));
  shareServer(server);
}
