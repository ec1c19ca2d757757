import { connected, type Role } from '../../prisma/engine/connection.ts';
import { deploy } from '../../prisma/engine/deploy.ts';
import type { Cluster } from '../../prisma/embedded/cluster.ts';
import { throwAwayCluster } from '../../prisma/embedded/throw-away.ts';
import { ConfigError } from '../../src/config/index.ts';
import { refuseUnfitRoles } from '../../src/core/database/role-check.ts';

const DATABASE = 'tenantry';
const PASSWORD = 'secret';

/** Whoever signs in as one of these has to be refused. */
const ROLES = `
  create role unfit_past login bypassrls password '${PASSWORD}';
  create role unfit_top nologin superuser;
  create role unfit_climber login password '${PASSWORD}' in role tenantry_app, unfit_top;
  create role unfit_gatekeeper login password '${PASSWORD}' in role tenantry_app, tenantry_worker, tenantry_gate;
  create role unfit_reader login password '${PASSWORD}' in role tenantry_app, pg_read_server_files;
  create role unfit_signaller login password '${PASSWORD}' in role tenantry_app, pg_signal_backend;
  create role unfit_maker login createrole password '${PASSWORD}' in role tenantry_app;
  create role unfit_host login password '${PASSWORD}' in role tenantry_app;
  create role unfit_locksmith login password '${PASSWORD}' in role tenantry_app, tenantry_keys;
  create role unfit_operator login password '${PASSWORD}' in role tenantry_app, tenantry_operator;
  create role unfit_both login password '${PASSWORD}' in role tenantry_app, tenantry_worker;
  create role unfit_stranger login password '${PASSWORD}';
  grant connect on database ${DATABASE} to unfit_past, unfit_stranger;
  grant connect on database unmigrated to tenantry_app, tenantry_worker`;

// Roles belong to a whole cluster: in that of the other tests these would disturb those that look at all of them.
let cluster: Cluster;

beforeAll(async () => {
  cluster = await throwAwayCluster();
  const passwords = {
    tenantry_owner: cluster.password('tenantry_owner'),
    tenantry_app: cluster.password('tenantry_app'),
    tenantry_worker: cluster.password('tenantry_worker'),
  };
  for (const name of [DATABASE, 'elsewhere', 'unmigrated']) {
    await connected(cluster.adminUrl, (admin) => admin.query(`create database ${name}`));
  }
  for (const name of [DATABASE, 'elsewhere']) await deploy(cluster.url(name), { passwords });
  await connected(cluster.adminUrl, (admin) => admin.query(ROLES));
  await connected(cluster.adminUrl, (admin) => admin.query('create database hosted owner unfit_host'));
}, 30_000);

afterAll(() => cluster.stop());

const url = (role?: Role, database = DATABASE): string => cluster.url(database, role);

function unfit(name: string, database = DATABASE): string {
  const changed = new URL(url(undefined, database));
  changed.username = `unfit_${name}`;
  changed.password = PASSWORD;
  return changed.href;
}

function changed(part: 'password' | 'hostname' | 'port', value: string, role: Role): string {
  const other = new URL(url(role));
  other[part] = value;
  return other.href;
}

async function faults(server: string, worker: string): Promise<readonly string[]> {
  try {
    await refuseUnfitRoles({ url: server, directUrl: worker });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

test('the roles that are made for it are taken', async () => {
  expect(await faults(url('tenantry_app'), url('tenantry_worker'))).toEqual([]);
});

test.each<[string, () => string, RegExp]>([
  ['a superuser', () => url(), /is a superuser/],
  ['a role with BYPASSRLS', () => unfit('past'), /has BYPASSRLS/],
  ['a role that may become a superuser', () => unfit('climber'), /may become unfit_top/],
  ['the owner of the tables', () => url('tenantry_owner'), /owns the tables/],
  ['a role that may become the gate', () => unfit('gatekeeper'), /may become tenantry_gate/],
  ['a role that may read the files of the server', () => unfit('reader'), /may become pg_read_server_files/],
  ['the owner of the database', () => unfit('host', 'hosted'), /may become pg_database_owner/],
  ['a role that may signal others', () => unfit('signaller'), /may become pg_signal_backend/],
  ['a role that may become the keeper of keys', () => unfit('locksmith'), /may become tenantry_keys/],
  ['a role that may become the operator', () => unfit('operator'), /may become tenantry_operator/],
  ['a role that may make roles', () => unfit('maker'), /has CREATEROLE/],
  ['the worker', () => url('tenantry_worker'), /is tenantry_worker/],
  ['a role that may not enter a scope', () => unfit('stranger'), /may not execute app\.enter/],
  ['one with another password', () => changed('password', 'wrong', 'tenantry_app'), /password authentication failed/],
  ['one at a port where nobody listens', () => changed('port', '1', 'tenantry_app'), /ECONNREFUSED/],
  ['one at two addresses where nobody listens', () => localhost('tenantry_app'), /ECONNREFUSED/],
  ['one of no such database', () => url('tenantry_app', 'nowhere'), /"nowhere" does not exist/],
  ['one of an empty database', () => url('tenantry_app', 'unmigrated'), /npm run db:migrate/],
])('DATABASE_URL is refused as %s', async (_, server, fault) => {
  const found = await faults(server(), url('tenantry_worker'));
  expect(found[0]).toMatch(/^DATABASE_URL /);
  expect(found[0]).toMatch(fault);
  expect(found.join()).not.toContain(PASSWORD);
});

test.each<[string, () => string, RegExp]>([
  ['a superuser', () => url(), /is a superuser/],
  ['a role with BYPASSRLS', () => unfit('past'), /has BYPASSRLS/],
  ['a role that may become the gate', () => unfit('gatekeeper'), /may become tenantry_(app|gate)/],
  ['a role that may become the server', () => unfit('both'), /may become tenantry_app/],
  ['the owner of the tables', () => url('tenantry_owner'), /owns the tables/],
  ['the server', () => url('tenantry_app'), /is tenantry_app/],
  ['a role that may not work', () => unfit('stranger'), /may not use the schema graphile_worker/],
  [
    'one with another password',
    () => changed('password', 'wrong', 'tenantry_worker'),
    /password authentication failed/,
  ],
  ['one of an empty database', () => url('tenantry_worker', 'unmigrated'), /npm run db:migrate/],
  ['one of another database', () => url('tenantry_worker', 'elsewhere'), /another database than DATABASE_URL/],
])('DIRECT_DATABASE_URL is refused as %s', async (_, worker, fault) => {
  const found = await faults(url('tenantry_app'), worker());
  expect(found).toEqual([expect.stringMatching(/^DIRECT_DATABASE_URL /)]);
  expect(found[0]).toMatch(fault);
  expect(found[0]).not.toContain(PASSWORD);
});

test('both are told at once', async () => {
  expect(await faults(url(), url())).toEqual([
    expect.stringMatching(/^DATABASE_URL .*tenantry_app/),
    expect.stringMatching(/^DIRECT_DATABASE_URL .*tenantry_worker/),
  ]);
});

/** A name of two addresses; both refusals are one error, without a message of its own. */
function localhost(role: Role): string {
  const other = new URL(changed('port', '1', role));
  other.hostname = 'localhost';
  return other.href;
}
