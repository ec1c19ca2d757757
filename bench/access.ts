// What judging a request costs inside the database: `node bench/access.ts`. One person is a member, by five roles, of organisations of
// several sizes, and enters each in every way, in turn, against a throw-away PostgreSQL. docs/access.md has its table.
import pg from 'pg';
import { throwAwayCluster } from '../prisma/embedded/throw-away.ts';
import { ensureDatabase } from '../prisma/embedded/cluster.ts';
import { deploy } from '../prisma/engine/deploy.ts';
import { connected } from '../prisma/engine/connection.ts';
import { holder, type Holder, type OrganizationSize, signedIn } from '../test/support/holder.ts';

// Short enough to fall between what else the machine does.
const ENTRIES = 50;
const ROUNDS = 200;
const DATABASE = 'bench';

const sizes: readonly OrganizationSize[] = [
  { members: 100, roles: 10, teams: 20 },
  { members: 1_000, roles: 10, teams: 20 },
  { members: 10_000, roles: 10, teams: 20 },
  { members: 10_000, roles: 1_000, teams: 20 },
  { members: 10_000, roles: 1_000, teams: 5_000 },
];

type Entry = (holder: Holder) => string;

const onTeam = (of: Holder, permission: string, team: string): string =>
  call(of, `'${permission}', '{owner,admin}', false, '${team}', '{admin}'`);

/** The organisation's roles permit what is asked first, and none of what is asked on a team. */
const entries: Readonly<Record<string, Entry>> = {
  'their own scope, no organisation': ({ userId, sessionId }) =>
    `app.enter('${userId}', '${sessionId}', null, null, '{}', false)`,
  'as a member': (of) => call(of, `null, '{}', false`),
  'by a permission of the fifth role': (of) => call(of, `'organization:update', '{owner,admin}', false`),
  'on a team of the fifth level, by the role on its root': (of) => onTeam(of, 'teams:update', of.openTeamId),
  'the same, and it is private from its root': (of) => onTeam(of, 'teams:update', of.privateTeamId),
};

const cluster = await throwAwayCluster();
try {
  await ensureDatabase(cluster, DATABASE);
  await deploy(cluster.url(DATABASE), { passwords: { tenantry_app: cluster.password('tenantry_app') } });
  const holders = await connected(cluster.url(DATABASE), fill);
  print(await connected(cluster.url(DATABASE, 'tenantry_app'), (app) => measure(app, holders)));
} finally {
  await cluster.stop();
}

async function fill(admin: pg.Client): Promise<Holder[]> {
  const query = (text: string, values: unknown[]): Promise<unknown> => admin.query(text, values);
  const person = await signedIn(query);
  const holders: Holder[] = [];
  for (const size of sizes) holders.push(await holder(query, person, size));
  await admin.query('vacuum analyze');
  return holders;
}

function call({ userId, sessionId, organizationId }: Holder, rest: string): string {
  return `app.enter('${userId}', '${sessionId}', '${organizationId}', ${rest})`;
}

/** @returns microseconds an entry, by way and then by size, of each round; in each all of them take turns */
async function measure(app: pg.Client, holders: readonly Holder[]): Promise<Map<string, number[][]>> {
  const ways = Object.entries(entries).map(([name, entry]) => ({ name, loops: holders.map((of) => loop(entry(of))) }));
  const times = new Map(ways.map(({ name, loops }) => [name, loops.map((): number[] => [])]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, loops } of ways) {
      for (const [i, statement] of loops.entries()) times.get(name)?.[i]?.push(await timed(app, statement));
    }
  }
  return times;
}

/** Enters so many times in the server itself: what is left out is the way there and back. */
function loop(entry: string): string {
  return `do $$
    declare
      v_start constant timestamptz := clock_timestamp();
      v_member uuid;
    begin
      for i in 1..${ENTRIES} loop
        v_member := ${entry};
      end loop;
      perform set_config('bench.elapsed', extract(epoch from clock_timestamp() - v_start)::text, false);
    end $$`;
}

async function timed(app: pg.Client, statement: string): Promise<number> {
  await app.query(statement);
  const { rows } = await app.query<{ seconds: string }>(`select current_setting('bench.elapsed') as seconds`);
  return (Number(rows[0]?.seconds) * 1_000_000) / ENTRIES;
}

/** The fastest round, and the median of all. */
function print(times: ReadonlyMap<string, readonly (readonly number[])[]>): void {
  const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
  row(['µs an entry', ...sizes.map(({ members, roles, teams }) => `${members} / ${roles} / ${teams}`)]);
  row(['---', ...sizes.map(() => '---:')]);
  for (const [name, bySize] of times) row([name, ...bySize.map(summary)]);
}

function summary(rounds: readonly number[]): string {
  const inOrder = rounds.toSorted((one, other) => one - other);
  return [inOrder[0], inOrder[Math.floor(inOrder.length / 2)]].map((time = NaN) => time.toFixed(0)).join(' · ');
}
