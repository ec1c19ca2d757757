import { join } from 'node:path';
import { connected } from '../engine/connection.ts';
import { deploy } from '../engine/deploy.ts';
import { passwordsOf, required, type Environment } from '../engine/environment.ts';
import { mayAdminister, setPassword } from '../engine/roles.ts';
import { ensureDatabase, startCluster } from './cluster.ts';
import type { Secrets } from './secrets.ts';

const NAME = 'tenantry';

/** A database that is up to date, and the ways into it. */
export interface Database {
  /** As tenantry_app. */
  readonly appUrl: string;
  /** As tenantry_worker. */
  readonly workerUrl: string;
  /** As tenantry_operator; of a given server only OPERATOR_DATABASE_URL says that. */
  readonly operatorUrl: string | undefined;
  /** Where it is and what to know about it, for people. */
  readonly description: string;
  /** Returns false where PostgreSQL stays up, because another process uses it. */
  close(): Promise<boolean>;
}

/** The server that DATABASE_URL names, or else the PostgreSQL that npm carries, with its data under `folder`. */
export function openDatabase(environment: Environment, folder: string, secrets: Secrets): Promise<Database> {
  return environment['DATABASE_URL'] ? openGiven(environment, secrets) : openEmbedded(folder);
}

async function openEmbedded(folder: string): Promise<Database> {
  const cluster = await startCluster({ folder, durable: true });
  try {
    await ensureDatabase(cluster, NAME);
    const roles = ['tenantry_owner', 'tenantry_app', 'tenantry_worker', 'tenantry_keys', 'tenantry_operator'] as const;
    const passwords = Object.fromEntries(roles.map((role) => [role, cluster.password(role)]));
    await deploy(cluster.url(NAME), { passwords });
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    appUrl: cluster.url(NAME, 'tenantry_app'),
    workerUrl: cluster.url(NAME, 'tenantry_worker'),
    operatorUrl: cluster.url(NAME, 'tenantry_operator'),
    description: `${join(cluster.home, 'postgres')} (PostgreSQL on port ${new URL(cluster.adminUrl).port}; remove ${cluster.home} to begin anew)`,
    close: () => cluster.stop(),
  };
}

async function openGiven(environment: Environment, secrets: Secrets): Promise<Database> {
  const appUrl = required(environment, 'DATABASE_URL');
  const migrationUrl = required(environment, 'MIGRATION_DATABASE_URL');
  await deploy(migrationUrl, { passwords: passwordsOf(environment) });
  const { host, pathname } = new URL(appUrl);
  return {
    appUrl,
    operatorUrl: environment['OPERATOR_DATABASE_URL'],
    workerUrl: environment['DIRECT_DATABASE_URL'] || (await openWorker(migrationUrl, secrets)),
    description: `${host}${pathname} (DATABASE_URL)`,
    close: () => Promise.resolve(true),
  };
}

/** Lets the worker in with a password of this clone's own, where the administrator didn't say how it signs in. */
async function openWorker(migrationUrl: string, { workerPassword }: Secrets): Promise<string> {
  await connected(migrationUrl, async (client) => {
    if (!(await mayAdminister(client))) required({}, 'DIRECT_DATABASE_URL');
    await setPassword(client, 'tenantry_worker', workerPassword);
  });
  const url = new URL(migrationUrl);
  url.username = 'tenantry_worker';
  url.password = workerPassword;
  return url.href;
}
