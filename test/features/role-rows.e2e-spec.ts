import { connected } from '../../prisma/engine/connection.ts';
import { systemRoleIds, teamRoleIds } from '../../src/core/access/index.ts';
import type { Organization } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';

/** What any statement of the server's can do with the rows of roles, whatever the service asks. */
describe('the rows of roles', () => {
  let app: TestApp;
  let organization: Organization;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    organization = await app.actors.organization();
  });

  /** @returns how many rows the statement wrote as the server's role in the scope of the organisation, or why none */
  const written = (text: string, values: unknown[] = []): Promise<number | string | null> =>
    connected(app.database.url('tenantry_app'), async (client) => {
      await client.query(`select set_config('app.organization_id', $1, false)`, [organization.id]);
      return client.query(text, values).then(
        ({ rowCount }) => rowCount,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    });
  const insert = (fields: string, values: string) => written(`insert into roles (${fields}) values (${values})`);

  it("of the system are not the server's to change or delete", async () => {
    for (const id of [...Object.values(systemRoleIds), ...Object.values(teamRoleIds)]) {
      expect(await written(`update roles set name = 'Mine' where id = $1`, [id])).toBe(0);
      expect(await written(`update roles set permissions = '{members:read}' where id = $1`, [id])).toBe(0);
      expect(await written('delete from roles where id = $1', [id])).toBe(0);
    }
    expect(await written(`update roles set name = 'Mine'`)).toBe(0);
    expect(await written('delete from roles')).toBe(0);
  });

  it("are never made the system's, nor under a key or an id of it", async () => {
    const denied = 'permission denied for table roles';
    expect(await insert('scope, key, name, system', `'organization', 'root', 'Root', true`)).toBe(denied);
    expect(await insert('id, scope, key, name', `uuidv7(), 'organization', 'root', 'Root'`)).toBe(denied);
    expect(await written('update roles set system = true')).toBe(denied);
    for (const key of ['owner', 'admin', 'member', 'viewer']) {
      for (const scope of ['organization', 'team']) {
        const refused = await insert('scope, key, name', `'${scope}', '${key}', 'Mine'`);
        expect(refused).toContain('roles_reserved_keys_check');
      }
    }
  });

  it("keep their key and scope, and are the organization's own", async () => {
    const elsewhere = await app.actors.organization();
    await app.database.query(
      `insert into roles (organization_id, scope, key, name) values ($1, 'organization', 'foreign', 'Foreign')`,
      [elsewhere.id],
    );
    expect(await insert('scope, key, name', `'organization', 'helper', 'Helper'`)).toBe(1);
    const denied = 'permission denied for table roles';
    expect(await written(`update roles set key = 'other'`)).toBe(denied);
    expect(await written(`update roles set scope = 'team'`)).toBe(denied);
    expect(await written(`update roles set organization_id = $1`, [elsewhere.id])).toBe(denied);
    expect(await written(`update roles set name = 'All' where key in ('helper', 'foreign')`)).toBe(1);
    expect(await written(`delete from roles where key in ('helper', 'foreign')`)).toBe(1);
  });

  it('count a version with every change, and hold no more than a hundred permissions', async () => {
    await insert('scope, key, name', `'team', 'lead', 'Lead'`);
    await written(`update roles set description = 'Leads' where key = 'lead'`);
    const [role] = await app.database.query(
      `select version, updated_at > created_at as later from roles where key = 'lead'`,
    );
    expect(role).toEqual({ version: 2, later: true });
    const many = `array(select 'p' || n from generate_series(1, 101) as n)`;
    expect(await written(`update roles set permissions = ${many}`)).toContain('roles_permissions_check');
    expect(await written(`update roles set permissions = '{null}'`)).toContain('roles_permissions_check');
  });
});
