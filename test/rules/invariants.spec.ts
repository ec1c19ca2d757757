import { connected } from '../../prisma/engine/connection.ts';
import { systemRoleIds } from '../../src/core/access/system-roles.ts';
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
      `with private as (
         insert into teams (organization_id, name, slug, visibility) select id, 'Private', 'private', 'private' from organizations
           returning organization_id, id
       )
       insert into teams (organization_id, id, name, slug, path, private_path)
         select organization_id, child, 'Beneath', 'beneath', array[id, child], array[id] from private, uuidv7() as child`,
    );
    await database.query(
      `insert into team_members (organization_id, team_id, member_id, role_id)
         select t.organization_id, t.id, m.id, r.id from teams t
           join members m on m.organization_id = t.organization_id
           join roles r on r.organization_id = t.organization_id and r.scope = 'team' and r.key = 'member'`,
    );
    await database.query(
      `insert into invitations (organization_id, email, email_key, inviter_id, token_hash, mailed)
         select organization_id, n || '@example.com', n || '@example.com', id, sha256((id::text || n)::bytea), true
           from members, generate_series(1, 2) as n`,
    );
    await database.query(
      `insert into audit_events (organization_id, action, outcome, actor_type, target_type, target_id)
         select id, 'organization.created', 'success', 'system', 'organization', id from organizations
         union all
         select organization_id, 'team.created', 'success', 'system', 'team', id from teams
         union all
         select organization_id, 'invitation.created', 'success', 'system', 'invitation', id from invitations`,
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
