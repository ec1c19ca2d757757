import { connected } from '../../prisma/engine/connection.ts';
import { systemRoleIds } from '../../src/core/access/permissions.ts';
import { TestDatabase } from '../support/database.ts';
import { broken, invariants, logged } from '../support/invariants.ts';
import { tenant } from '../support/tenant.ts';

describe('the invariants', () => {
  const all = [...invariants, ...logged];
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
    for (let count = 0; count < 2; count += 1) await tenant(database);
    await database.query(
      `insert into audit_events (organization_id, action, outcome, actor_type, target_type, target_id)
         select id, 'organization.created', 'success', 'system', 'organization', id from organizations`,
    );
  });

  afterAll(() => database.drop());

  it('hold where nothing is wrong', async () => {
    expect(await broken(database, all)).toEqual([]);
  });

  it('ask for the roles that the catalogue in code knows', async () => {
    const roles = await database.query<{ id: string; key: string }>(
      `select distinct id, key from roles where system and scope = 'organization'`,
    );
    expect(Object.fromEntries(roles.map(({ id, key }) => [key, id]))).toEqual(systemRoleIds);
  });

  describe.each(all)('$name', ({ violations, plants }) => {
    it.each(plants)('is found broken by: %s', async (plant) => {
      await connected(database.url(), async (client) => {
        // No trigger and no foreign key prevents it.
        await client.query('begin; set local session_replication_role = replica');
        await client.query(plant);
        const { rows } = await client.query(violations);
        await client.query('rollback');
        expect(rows).not.toEqual([]);
      });
    });
  });
});
