import pg from 'pg';
import { Maintenance } from '../../src/core/jobs/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';

/** What is kept of a purged organisation, and why. */
const KEPT = new Map([
  ['audit_events', 'the log outlives what it tells of'],
  ['organization_keys', 'destroyed: what they sealed is forgotten, and not lost'],
]);

/** A table of tomorrow: of its own rows, of others, and with nobody who has said that it is purged. */
const PLANTED = `
  create table planted (
    organization_id uuid not null default app.organization_id() references organizations (id),
    id uuid not null default uuidv7(),
    member_id uuid not null,
    parent_id uuid,
    primary key (organization_id, id),
    foreign key (organization_id, member_id) references members (organization_id, id),
    foreign key (organization_id, parent_id) references planted (organization_id, id)
  );
  select app.protect_table('planted', 'organization', 'organization_id');
  reset role;`;

describe('the purge of organizations', () => {
  let app: TestApp;
  let tables: string[];

  beforeAll(async () => {
    app = await TestApp.start({
      prepare: async (database) => {
        await database.query(`set role tenantry_owner; ${PLANTED}`);
      },
    });
    const rows = await app.database.query<{ name: string }>(
      `select attrelid::regclass::text as name from pg_attribute join pg_class c on c.oid = attrelid
         where attname = 'organization_id' and relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`,
    );
    tables = rows.map(({ name }) => name);
  });

  afterAll(() => app.stop());

  const purge = (batch?: number) => app.nest.get(Maintenance).run('purge_organizations', batch);
  /** One with rows in its tables, also in that of tomorrow. */
  const whole = async (): Promise<Organization> => {
    const organization = await app.actors.organization();
    const values = [organization.id];
    await app.actors.member(organization);
    await app.actors.member(organization, ['admin'], 'removed');
    await app.database.query(`insert into teams (organization_id, name, slug) values ($1, 'A', 'a')`, values);
    await app.database.query(
      `insert into organization_keys (organization_id, id, wrapped_key) values ($1, uuidv7(), 'v1.key.wrapped')`,
      values,
    );
    await app.database.query(
      `with parent as (
         insert into planted (organization_id, member_id) select organization_id, id from members where organization_id = $1 limit 1
           returning organization_id, id, member_id
       )
       insert into planted (organization_id, member_id, parent_id)
         select organization_id, member_id, null from parent, generate_series(1, 5)`,
      values,
    );
    await app.database.query(
      `update planted set parent_id = (select min(id::text)::uuid from planted where organization_id = $1)
         where organization_id = $1 and id <> (select min(id::text)::uuid from planted where organization_id = $1)`,
      values,
    );
    return organization;
  };
  const deleteAgo = ({ id }: Organization, age: string) =>
    app.database.query('update organizations set deleted_at = now() - $2::interval where id = $1', [id, age]);
  const deleted = async (): Promise<Organization> => {
    const organization = await whole();
    await deleteAgo(organization, '30 days 1 hour 1 second');
    return organization;
  };
  const countsOf = async ({ id }: Organization): Promise<Record<string, number>> => {
    const counts: [string, number][] = [];
    for (const table of tables) {
      counts.push([table, (await app.database.query(`select from ${table} where organization_id = $1`, [id])).length]);
    }
    return Object.fromEntries(counts);
  };
  const eventsOf = ({ id }: Organization) =>
    app.database.query<{ changes: { rows: { from: number } } }>(
      `select * from audit_events where organization_id = $1 and action = 'system.purged' order by id`,
      [id],
    );
  const isThere = async ({ id }: Organization): Promise<boolean> =>
    (await app.database.query('select from organizations where id = $1', [id])).length === 1;

  it('leaves nothing of what was deleted 30 days ago, but its log and that its keys are destroyed', async () => {
    const organization = await deleted();
    const [other, before] = [await whole(), await countsOf(organization)];
    const others = await countsOf(other);
    expect(before).toMatchObject({ members: 3, member_roles: 2, teams: 1, planted: 6, organization_keys: 1 });

    await purge();

    expect(await isThere(organization)).toBe(false);
    const after = await countsOf(organization);
    expect(Object.keys(after).filter((table) => after[table]! > 0)).toEqual([...KEPT.keys()].toSorted());
    const [key] = await app.database.query('select * from organization_keys where organization_id = $1', [
      organization.id,
    ]);
    expect(key).toMatchObject({ wrapped_key: null, destroyed_at: expect.any(Date) });
    expect(await countsOf(other)).toEqual(others);
    const gone = Object.entries(before).filter(([table]) => !KEPT.has(table));
    const [event, ...more] = await eventsOf(organization);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      outcome: 'success',
      actor_type: 'system',
      target_type: 'organization',
      target_id: organization.id,
      changes: { rows: { from: gone.reduce((sum, [, count]) => sum + count, 1), to: 0 } },
    });
    await other.owner.api.post('/organizations', { name: 'Next', slug: organization.slug }).expect(201);
    await organization.owner.api.post(`/organizations/${organization.id}/restore`).expect(404);
    expect((await organization.owner.api.get('/organizations').expect(200)).body.data).toEqual([]);
  });

  it.each(['0', '29 days', '30 days 59 minutes 59 seconds'])(
    'keeps what was deleted %s ago, and what never was',
    async (age) => {
      await deleteAgo(await whole(), age);
      await whole();
      await app.changingNothing(() => purge());
    },
  );

  it('goes on where it was interrupted, with an event for each batch, and never half of what points at its like', async () => {
    const organization = await deleted();
    const total = Object.entries(await countsOf(organization)).reduce(
      (sum, [table, count]) => sum + (KEPT.has(table) ? 0 : count),
      1,
    );
    await app.database.query(`select app.purge_organizations(3)`);
    expect(await isThere(organization)).toBe(true);
    await purge(2);
    expect(await isThere(organization)).toBe(false);
    const batches = (await eventsOf(organization)).map(({ changes }) => changes.rows.from);
    expect(batches.length).toBeGreaterThan(2);
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(total);
  });

  it('is done by two workers at once without one waiting for the other, and each organization once', async () => {
    const all = await Promise.all([deleted(), deleted(), deleted()]);
    const blocker = new pg.Client(app.database.url());
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('select from organizations where id = $1 for update', [all[0].id]);
    await Promise.all([purge(), purge()]);
    expect(await Promise.all(all.map(isThere))).toEqual([true, false, false]);
    await blocker.query('rollback');
    await blocker.end();
    await purge();
    for (const organization of all) expect(await eventsOf(organization)).toHaveLength(1);
  });

  it('fails where it may not see what it is to delete', async () => {
    const organization = await deleted();
    await app.database.query('drop policy purge on planted');
    await expect(purge()).rejects.toThrow();
    expect(await isThere(organization)).toBe(true);
    await app.database.query('create policy purge on planted for delete to tenantry_gate using (true)');
    await purge();
    expect(await isThere(organization)).toBe(false);
  });

  it("is not brought forward by the server's role", async () => {
    const organization = await whole();
    const client = new pg.Client(app.database.url('tenantry_app'));
    await client.connect();
    const update = (value: string) =>
      client
        .query(`select set_config('app.organization_id', $1, false)`, [organization.id])
        .then(() => client.query(`update organizations set deleted_at = ${value}`));
    await expect(update(`now() - interval '31 days'`)).rejects.toThrow('row-level security');
    expect((await update('now()')).rowCount).toBe(1);
    expect((await update('null')).rowCount).toBe(1);
    await client.end();
  });
});
