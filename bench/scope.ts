// What the scope costs: `node bench/scope.ts`. One read of an organisation, sent in four ways over one connection each, in turn,
// against a throw-away PostgreSQL. docs/decisions/0003 rests on it.
import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { throwAwayCluster } from '../prisma/embedded/throw-away.ts';
import { ensureDatabase } from '../prisma/embedded/cluster.ts';
import { deploy } from '../prisma/engine/deploy.ts';
import { connected } from '../prisma/engine/connection.ts';
import { systemRoleIds } from '../src/core/access/system-roles.ts';
import { Connections } from '../src/core/database/connections.ts';
import { Scope } from '../src/core/database/scope.ts';
import { sendInScope } from '../src/core/database/scoped-group.ts';

const rounds = 30;
const readsInRound = 200;
const database = 'bench';

const [userId, sessionId, organizationId, memberId, teamId] = [uuid(), uuid(), uuid(), uuid(), uuid()];
const read = { text: 'select id, name, slug from organizations', values: [] };

const cluster = await throwAwayCluster();
try {
  await ensureDatabase(cluster, database);
  await deploy(cluster.url(database), { passwords: { tenantry_app: cluster.password('tenantry_app') } });
  await connected(cluster.url(database), fill);
  print(await measure());
} finally {
  await cluster.stop();
}

async function fill(admin: pg.Client): Promise<void> {
  // Ahead of the rest, for a trigger copies from here into what is made of them.
  await admin.query(
    `insert into users (id, email, email_key, name) values ($1, 'a@example.com', 'a@example.com', 'A')`,
    [userId],
  );
  await admin.query(
    `with s as (insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
         values ($1, $2, now() + interval '1 hour', '{pwd}', '127.0.0.1')),
       o as (insert into organizations (id, name, slug) select $3, 'O', 'o'
         union all select uuidv7(), 'Other', 'other-' || n from generate_series(1, 1000) n)
     insert into members (organization_id, id, user_id) values ($3, $4, $1)`,
    [userId, sessionId, organizationId, memberId],
  );
  await admin.query(`insert into member_roles (organization_id, member_id, role_id) values ($1, $2, $3)`, [
    organizationId,
    memberId,
    systemRoleIds.member,
  ]);
  await admin.query(`insert into teams (organization_id, id, name, slug) values ($1, $2, 'T', 't')`, [
    organizationId,
    teamId,
  ]);
  await admin.query('analyze');
}

/** @returns microseconds a read, by way, the median of the rounds; the ways take turns, so that noise meets all alike */
async function measure(): Promise<Map<string, number>> {
  const client = new pg.Client(cluster.url(database, 'tenantry_app'));
  const owner = new pg.Client(cluster.url(database));
  const connections = new Connections({
    url: cluster.url(database, 'tenantry_app'),
    size: 1,
    named: true,
    acquireTimeout: 1000,
    groupTimeout: 2000,
    onRoundTrip: () => undefined,
    onIdleError: () => undefined,
  });
  await Promise.all([client.connect(), owner.connect()]);
  const connection = await connections.acquire();
  const admission = { userId, sessionId, organizationId, permission: null, systemRoles: [] };
  const permitted = { ...admission, permission: 'teams:read', systemRoles: ['owner', 'admin', 'member'] };
  const onTeam = { ...permitted, teamId, teamRoles: ['admin', 'member', 'viewer'] };
  const ways: Record<string, () => Promise<unknown>> = {
    'no scope, no row level security (a superuser)': () =>
      owner.query({ name: 'read', text: `${read.text} where id = $1`, values: [organizationId] }),
    'BEGIN, set_config, read, COMMIT': async () => {
      await client.query('begin');
      await client.query({
        name: 'set',
        text: `select set_config('app.organization_id', $1, true)`,
        values: [organizationId],
      });
      await client.query({ name: 'read', ...read });
      await client.query('commit');
    },
    'one group, scope set': () => sendInScope(connection, admitted, [read]),
    'one group, access checked by app.enter': () => sendInScope(connection, Scope.admission(admission), [read]),
    'the same, with a permission': () => sendInScope(connection, Scope.admission(permitted), [read]),
    'the same, on a team': () => sendInScope(connection, Scope.admission(onTeam), [read]),
  };
  const admitted = Scope.admission(admission);
  await sendInScope(connection, admitted, []);
  const times = new Map(Object.keys(ways).map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const start = performance.now();
      for (let i = 0; i < readsInRound; i += 1) await way();
      times.get(name)?.push(((performance.now() - start) * 1000) / readsInRound);
    }
  }
  connection.release();
  await Promise.all([connections.end(), client.end(), owner.end()]);
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(times: Map<string, number>): void {
  const [base = Number.NaN] = times.values();
  for (const [name, microseconds] of times) {
    console.log(
      `${name.padEnd(48)} ${microseconds.toFixed(0).padStart(6)} µs ${(microseconds / base).toFixed(2).padStart(6)}`,
    );
  }
}
