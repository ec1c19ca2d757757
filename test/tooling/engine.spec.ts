import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDatabase, type Cluster } from '../../prisma/embedded/cluster.ts';
import { throwAwayCluster } from '../../prisma/embedded/throw-away.ts';
import { actingAs, connected } from '../../prisma/engine/connection.ts';
import { deploy } from '../../prisma/engine/deploy.ts';
import { drift } from '../../prisma/engine/drift.ts';
import { tenantry } from '../../prisma/engine/project.ts';
import { setPassword } from '../../prisma/engine/roles.ts';
import { rollback } from '../../prisma/engine/rollback.ts';
import { status } from '../../prisma/engine/status.ts';
import { catalogue } from './catalogue.ts';
import { addMigration, removeScratch, scratchFolder, scratchProject } from './scratch.ts';

let cluster: Cluster;
let databases = 0;

beforeAll(async () => {
  cluster = await throwAwayCluster();
  await ensureDatabase(cluster, 'prepared');
  // Roles and job queue, and no migration: most tests begin here, and it takes a while.
  const project = scratchProject();
  await deploy(cluster.url('prepared'), { project });
  await rollback(cluster.url('prepared'), 1, project);
});

afterAll(async () => {
  await cluster.stop();
  removeScratch();
});

async function newDatabase(template: 'prepared' | 'template1' = 'prepared'): Promise<string> {
  const name = `engine_${++databases}`;
  await connected(cluster.adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  return cluster.url(name);
}

function migrationNames(): string[] {
  const entries = readdirSync(tenantry.migrations, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

const rowsOf = (url: string, query: string) => connected(url, async (client) => (await client.query(query)).rows);

describe('deploy', () => {
  it('applies every migration to an empty database, and nothing the second time', async () => {
    const url = await newDatabase('template1');
    expect(await deploy(url)).toEqual(migrationNames());
    const before = await catalogue(url);
    expect(await deploy(url)).toEqual([]);
    expect(await catalogue(url)).toEqual(before);
  });

  it('lets two run at once: one applies, the other finds it done', async () => {
    const url = await newDatabase('template1');
    const project = scratchProject();
    const applied = await Promise.all([deploy(url, { project }), deploy(url, { project })]);
    expect(applied.flat()).toEqual(['20260101000000_notes']);
  });

  it('serves two databases of one server at once', async () => {
    const urls = await Promise.all([newDatabase(), newDatabase()]);
    const project = scratchProject();
    const applied = await Promise.all(urls.map((url) => deploy(url, { project })));
    expect(applied).toEqual(urls.map(() => ['20260101000000_notes']));
  });

  it('writes the rows that the official CLI reads', async () => {
    const url = await newDatabase();
    const project = scratchProject();
    await deploy(url, { project });
    const script = readFileSync(join(project.migrations, '20260101000000_notes/migration.sql'));
    expect(await rowsOf(url, 'select * from _prisma_migrations')).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        checksum: createHash('sha256').update(script).digest('hex'),
        migration_name: '20260101000000_notes',
        logs: null,
        started_at: expect.any(Date),
        finished_at: expect.any(Date),
        rolled_back_at: null,
        applied_steps_count: 1,
      },
    ]);
  });

  it('keeps nothing of a migration that fails, says why, and goes on after a rollback', async () => {
    const url = await newDatabase();
    const project = scratchProject();
    addMigration(project, '20260102000000_bad', 'create table half (); select nothing_like_it();');
    await expect(deploy(url, { project })).rejects.toThrow(/nothing_like_it/);
    expect(await rowsOf(url, "select to_regclass('half') as half")).toEqual([{ half: null }]);
    expect(await status(url, project)).toMatchObject({ failed: ['20260102000000_bad'] });
    expect(await rollback(url, 1, project)).toEqual(['20260102000000_bad']);
    addMigration(project, '20260102000000_bad', 'create table whole ();');
    expect(await deploy(url, { project })).toEqual(['20260102000000_bad']);
  });

  it('lets the worker use what a new version of the queue brings', async () => {
    const url = await newDatabase();
    await rowsOf(
      actingAs(url, 'tenantry_owner'),
      `create table graphile_worker.new (id int); alter table graphile_worker.new enable row level security;
       insert into graphile_worker.new values (1);
       create function graphile_worker.new() returns setof graphile_worker.new language sql as 'table graphile_worker.new'`,
    );
    await deploy(url, { project: scratchProject() });
    expect(await rowsOf(actingAs(url, 'tenantry_worker'), 'select * from graphile_worker.new()')).toEqual([{ id: 1 }]);
  });

  it('makes everything as the owner, and nothing for the server to own', async () => {
    const url = await newDatabase();
    await deploy(url);
    const owners = await rowsOf(
      url,
      `select distinct nspname || ' ' || relowner::regrole as owner from pg_class join pg_namespace n on n.oid = relnamespace
       where nspname in ('public', 'app', 'graphile_worker') order by 1`,
    );
    expect(owners).toEqual([{ owner: 'graphile_worker tenantry_owner' }, { owner: 'public tenantry_owner' }]);
    const owned = await rowsOf(
      url,
      `select objid from pg_shdepend where deptype = 'o' and refobjid = 'tenantry_app'::regrole`,
    );
    expect(owned).toEqual([]);
  });
});

describe('roles', () => {
  it('are bound by row level security and may nothing beyond their work', async () => {
    const url = await newDatabase();
    await deploy(url, { project: scratchProject() });
    const roles = await rowsOf(
      url,
      `select rolname, rolcanlogin, has_database_privilege(oid, current_database(), 'create') as "mayCreate"
       from pg_roles where rolname like 'tenantry%' and not (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole)
       order by 1`,
    );
    expect(roles).toEqual([
      { rolname: 'tenantry_app', rolcanlogin: true, mayCreate: false },
      { rolname: 'tenantry_gate', rolcanlogin: false, mayCreate: false },
      { rolname: 'tenantry_keys', rolcanlogin: true, mayCreate: false },
      { rolname: 'tenantry_operator', rolcanlogin: true, mayCreate: false },
      { rolname: 'tenantry_owner', rolcanlogin: true, mayCreate: true },
      { rolname: 'tenantry_queue', rolcanlogin: false, mayCreate: false },
      { rolname: 'tenantry_worker', rolcanlogin: true, mayCreate: false },
    ]);
  });

  it('take away what somebody gave a role in passing', async () => {
    const url = await newDatabase();
    await deploy(url, { project: scratchProject() });
    await rowsOf(url, 'alter role tenantry_app bypassrls');
    await deploy(url, { project: scratchProject() });
    const app = await rowsOf(url, `select rolbypassrls from pg_roles where rolname = 'tenantry_app'`);
    expect(app).toEqual([{ rolbypassrls: false }]);
  });

  it('take back what a role has set for itself for good', async () => {
    const url = await newDatabase();
    const name = new URL(url).pathname.slice(1);
    await rowsOf(url, `alter role tenantry_app set "app.organization_id" = 'planted'`);
    await rowsOf(url, `alter role tenantry_app in database ${name} set statement_timeout = 0`);
    await deploy(url, { project: scratchProject() });
    const settings = await rowsOf(
      url,
      `select unnest(setconfig) as setting from pg_db_role_setting where setrole = 'tenantry_app'::regrole order by 1`,
    );
    expect(settings.map(({ setting }) => setting)).toEqual([
      'TimeZone=UTC',
      'idle_in_transaction_session_timeout=5s',
      'lock_timeout=1500ms',
      'statement_timeout=1800ms',
    ]);
  });

  it.each(['tenantry_app', 'tenantry_worker'])('own nothing that a deployment could come across: %s', async (role) => {
    const url = await newDatabase();
    await rowsOf(url, `create table planted (); alter table planted owner to ${role}`);
    await expect(deploy(url, { project: scratchProject() })).rejects.toThrow(`${role} owns table planted`);
  });

  it('end statements and waits of the server in time for an answer', async () => {
    const url = await newDatabase();
    const password = cluster.password('tenantry_app');
    await deploy(url, { project: scratchProject(), passwords: { tenantry_app: password } });
    await connected(url, (client) => setPassword(client, 'tenantry_app', password));
    const appUrl = cluster.url(new URL(url).pathname.slice(1), 'tenantry_app');
    const settings = await rowsOf(
      appUrl,
      `select current_setting('timezone') as zone, current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
         current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(settings).toEqual([{ statement: '1800ms', lock: '1500ms', idle: '5s', zone: 'UTC' }]);
    await expect(rowsOf(appUrl, 'create table mine ()')).rejects.toThrow(/permission denied/);
  });

  it('are enough for the owner alone to deploy', async () => {
    const url = await newDatabase();
    await deploy(url, { project: scratchProject() });
    await connected(url, (client) => setPassword(client, 'tenantry_owner', cluster.password('tenantry_owner')));
    const ownerUrl = cluster.url(new URL(url).pathname.slice(1), 'tenantry_owner');
    const project = scratchProject();
    addMigration(project, '20260102000000_more', 'create table more ();');
    expect(await deploy(ownerUrl, { project })).toEqual(['20260102000000_more']);
  });

  it('that are missing and may not be made stop a deployment with the way out', async () => {
    const url = await newDatabase();
    await rowsOf(url, `drop role if exists stranger; create role stranger login`);
    await connected(url, (client) => client.query(`alter role stranger password 'stranger'`));
    const stranger = new URL(url);
    stranger.username = stranger.password = 'stranger';
    await expect(deploy(stranger.href)).rejects.toThrow(/prisma\/roles\.sql/);
  });

  it('can be made by an administrator who is no superuser', async () => {
    const url = await newDatabase();
    const name = new URL(url).pathname.slice(1);
    await rowsOf(url, `create role manager login createrole password 'manager'`);
    await rowsOf(
      url,
      `grant tenantry_owner, tenantry_app, tenantry_worker, tenantry_keys, tenantry_operator, tenantry_gate, tenantry_queue to manager with admin true, set false`,
    );
    await rowsOf(url, `alter database ${name} owner to manager`);
    const manager = new URL(url);
    manager.username = manager.password = 'manager';
    expect(await deploy(manager.href, { project: scratchProject() })).toEqual(['20260101000000_notes']);
  });
});

/** A deployment and a rollback for each migration that there is: longer with every one. */
const EVERY_MIGRATION_MS = 120_000;

describe('down.sql', () => {
  it(
    'of each migration leaves what was there before it, and up again the same as the first time',
    async () => {
      const url = await newDatabase();
      const project = { ...tenantry, migrations: scratchFolder() };
      cpSync(join(tenantry.migrations, 'migration_lock.toml'), join(project.migrations, 'migration_lock.toml'));
      const stages: { name: string; before: string[] }[] = [];
      for (const name of migrationNames()) {
        stages.push({ name, before: await catalogue(url) });
        cpSync(join(tenantry.migrations, name), join(project.migrations, name), { recursive: true });
        await deploy(url, { project });
      }
      const whole = await catalogue(url);
      for (const { name, before } of stages.toReversed()) {
        expect(await rollback(url, 1, project)).toEqual([name]);
        expect({ name, left: await catalogue(url) }).toEqual({ name, left: before });
      }
      await deploy(url, { project });
      expect(await catalogue(url)).toEqual(whole);
    },
    EVERY_MIGRATION_MS,
  );

  it('that fails takes nothing back', async () => {
    const url = await newDatabase();
    const project = scratchProject();
    addMigration(project, '20260102000000_stuck', 'create table stuck ();', 'drop table stuck; drop table unknown;');
    await deploy(url, { project });
    await expect(rollback(url, 2, project)).rejects.toThrow(/unknown/);
    expect(await status(url, project)).toEqual({ pending: [], unknown: [], failed: [], edited: [] });
  });

  it('that is missing is named before anything is done', async () => {
    const url = await newDatabase();
    const project = scratchProject();
    addMigration(project, '20260102000000_oneway', 'create table oneway ();');
    await deploy(url, { project });
    await expect(rollback(url, 1, project)).rejects.toThrow(/20260102000000_oneway.*down\.sql/);
  });
});

describe('status', () => {
  it('tells pending, unknown and edited migrations apart', async () => {
    const url = await newDatabase();
    const project = scratchProject();
    expect(await status(url, project).catch(String)).toMatchObject({ pending: ['20260101000000_notes'] });
    addMigration(project, '20260102000000_more', 'create table more ();');
    await deploy(url, { project });
    const other = scratchProject();
    addMigration(other, '20260101000000_notes', '-- changed');
    addMigration(other, '20260103000000_new', 'select 1;');
    expect(await status(url, other)).toEqual({
      pending: ['20260103000000_new'],
      unknown: ['20260102000000_more'],
      failed: [],
      edited: ['20260101000000_notes'],
    });
  });
});

describe('the drift check', () => {
  it('finds nothing between the migrations and the Prisma schema', async () => {
    expect(await drift(cluster.adminUrl)).toBe('');
  });

  it('finds a column that no migration makes, and leaves no database behind', async () => {
    const project = scratchProject();
    const file = join(project.schema, 'base.prisma');
    writeFileSync(file, readFileSync(file, 'utf8').replace('text String', 'text String\n  author String'));
    expect(await drift(cluster.adminUrl, project)).toMatch(/ADD COLUMN +"author"/);
    const shadows = await rowsOf(cluster.adminUrl, `select datname from pg_database where datname like '%shadow%'`);
    expect(shadows).toEqual([]);
  });
});
