import { v7 as uuid } from 'uuid';
import { systemRoleIds, teamRoleIds } from '../../src/core/access/system-roles.ts';

/** How much there is in an organisation besides. */
export interface OrganizationSize {
  readonly members: number;
  /** Made by the organisation: as many of its own as of teams. */
  readonly roles: number;
  /** Half of them are the holder's, too. */
  readonly teams: number;
}

/**
 * A member by five roles, of which the last one permits `organization:update`; on a team of the fifth level by three more, of which that on its
 * root permits `teams:update`. Another such team is private from its root on. Everybody is a viewer on that of the fifth level which is open.
 */
export interface Holder {
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
  readonly memberId: string;
  readonly openTeamId: string;
  readonly privateTeamId: string;
}

type Query = (text: string, values: unknown[]) => Promise<unknown>;

/** Makes somebody who is signed in. */
export async function signedIn(query: Query): Promise<Pick<Holder, 'userId' | 'sessionId'>> {
  const [userId, sessionId] = [uuid(), uuid()];
  await query(`insert into users (id, email, email_key, name) values ($1, $2, $2, 'A holder')`, [
    userId,
    `${userId}@example.com`,
  ]);
  await query(
    `insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
       values ($1, $2, now() + interval '1 hour', '{pwd}', '127.0.0.1')`,
    [userId, sessionId],
  );
  return { userId, sessionId };
}

/** Makes an organisation of that size, in which the person is such a member. */
export async function holder(
  query: Query,
  person: Pick<Holder, 'userId' | 'sessionId'>,
  { members, roles, teams }: OrganizationSize,
): Promise<Holder> {
  const [organizationId, memberId] = [uuid(), uuid()];
  await query(`insert into organizations (id, name, slug) values ($1, 'Of a size', $2)`, [
    organizationId,
    `o-${organizationId}`,
  ]);
  await query(
    `with person as (
       insert into users (email, email_key, name)
         select address, address, 'A member' from (select $1::text || n || '@example.com' as address from generate_series(1, $2::int - 1) n) as a returning id
     )
     insert into members (organization_id, user_id) select $1::uuid, id from person`,
    [organizationId, members],
  );
  await query(`insert into members (organization_id, id, user_id) values ($1, $2, $3)`, [
    organizationId,
    memberId,
    person.userId,
  ]);
  await query(
    `insert into roles (organization_id, scope, key, name, permissions)
       select $1::uuid, scope, 'r' || n, 'Role ' || n, case
           when n = 4 and scope = 'organization' then array['roles:manage', 'members:update', 'organization:update']
           when n = 3 and scope = 'team' then array['teams:read', 'team_members:manage', 'teams:update']
           when scope = 'team' then array['teams:read', 'team_members:read']
           else array['teams:read', 'team_members:read', 'members:read']
         end
         from generate_series(1, $2::int) n, unnest(array['organization', 'team']) scope`,
    [organizationId, roles],
  );
  // Keys are checked by plans that knew of empty tables.
  await query('analyze members, roles', []);
  await query(
    `insert into member_roles (organization_id, member_id, role_id)
       select $1::uuid, id, $2::uuid from members where organization_id = $1
       union all select $1, $3::uuid, id from roles where organization_id = $1 and scope = 'organization' and key in ('r1', 'r2', 'r3', 'r4')
       union all (select $1, id, $4::uuid from members where organization_id = $1 and id <> $3 order by id desc limit 1)`,
    [organizationId, systemRoleIds.member, memberId, systemRoleIds.owner],
  );
  const [openTeamId, privateTeamId] = [
    await chain(query, organizationId, 'organization'),
    await chain(query, organizationId, 'private'),
  ];
  // Each stands where it says: what compares them with one another is left out.
  await query('alter table teams disable trigger user', []);
  await query(
    `insert into teams (organization_id, id, name, slug, path, private_path)
       select $1::uuid, id, 'A team', 't-' || id, array[id], '{}' from (select uuidv7() as id from generate_series(1, $2::int - 10)) as t`,
    [organizationId, teams],
  );
  await query('alter table teams enable trigger user', []);
  await query('analyze teams', []);
  await query(
    `insert into team_members (organization_id, team_id, member_id, role_id)
       select $1::uuid, team_id, $2::uuid, $3::uuid from (
           select id as team_id, row_number() over () as n from teams where organization_id = $1 and slug like 't-%'
         ) as t where n % 2 = 0
       union all
       select $1, t.id, $2, r.id from teams t join roles r on r.organization_id = $1 and r.scope = 'team'
             and r.key = case cardinality(t.path) when 1 then 'r3' when 3 then 'viewer' when 5 then 'r2' end
         where t.organization_id = $1 and t.slug like 'chain%'
       union all
       select $1, $4::uuid, id, $3 from members where organization_id = $1 and id <> $2`,
    [organizationId, memberId, teamRoleIds.viewer, openTeamId],
  );
  return { ...person, organizationId, memberId, openTeamId, privateTeamId };
}

/** Makes five teams, each beneath the one before. @returns the last of them */
async function chain(query: Query, organizationId: string, visibility: 'organization' | 'private'): Promise<string> {
  const path = [uuid(), uuid(), uuid(), uuid(), uuid()];
  for (const [depth, id] of path.entries()) {
    const above = path.slice(0, depth + 1);
    await query(
      `insert into teams (organization_id, id, name, slug, visibility, path, private_path) values ($1, $2, 'Chained', $3, $4, $5, $6)`,
      [organizationId, id, `chain-${id}`, visibility, above, visibility === 'private' ? above : []],
    );
  }
  return path[4] ?? '';
}
