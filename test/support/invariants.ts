import { permissions } from '../../src/core/access/permissions.ts';
import type { TestDatabase } from './database.ts';

/** What the contract promises whatever calls are made at once, asked of the rows themselves. */
export interface Invariant {
  readonly name: string;
  /** Answers one `violation` for each thing of which it is not true. */
  readonly violations: string;
  /** Each breaks it, in an organisation that is whole otherwise; for the test that it can be found broken. */
  readonly plants: readonly string[];
}

/** One of those in which the plants are tried. */
const HERE = '(select min(id::text)::uuid from organizations)';

/** What no team role may permit. */
const OF_ORGANIZATIONS = Object.entries(permissions).flatMap(([key, { scope }]) => (scope === 'team' ? [] : [key]));

/** Whose condition tells whether owners offer, of `h`, what they hold. */
const OFFERS = `
  insert into members (organization_id, user_id) select m.organization_id, u.id from members m join users u on u.id <> m.user_id;
  insert into ownership_transfers (organization_id, proposer_id, receiver_id, keep_role)
    select p.organization_id, p.id, m.id, 'admin' from members p
      join members m on m.organization_id = p.organization_id and m.id <> p.id
      left join member_roles h on h.organization_id = p.organization_id and h.member_id = p.id`;

/** Of the state that the database is in. */
export const invariants: readonly Invariant[] = [
  {
    name: 'an organisation has an active owner',
    violations: `
      select o.id::text as violation from organizations o
        where o.deleted_at is null and not exists (
          select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
            join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where m.organization_id = o.id and m.status = 'active' and r.scope = 'organization' and r.system and r.key = 'owner')`,
    plants: [
      `update members set status = 'suspended'`,
      'delete from member_roles',
      `update member_roles h set role_id = r.id from roles r where r.key = 'admin'`,
    ],
  },
  {
    name: 'a person has one live membership in an organisation',
    violations: `
      select format('%s in %s', user_id, organization_id) as violation from members
        where status <> 'removed' group by organization_id, user_id having count(*) > 1`,
    plants: [
      `drop index members_organization_id_user_id_key;
       insert into members (organization_id, user_id) select organization_id, user_id from members`,
    ],
  },
  {
    name: 'who has left holds no role, and has arranged nothing',
    violations: `
      select m.id::text as violation from members m
        join (
          select organization_id, member_id from member_roles union select organization_id, member_id from preferences
        ) as h on h.organization_id = m.organization_id and h.member_id = m.id
        where m.status = 'removed'`,
    plants: [
      `update members set status = 'removed'`,
      `delete from member_roles; update members set status = 'removed';
       insert into preferences (organization_id, member_id, team_order, sidebar_preferences) select organization_id, id, '{}', '{}' from members`,
    ],
  },
  {
    name: 'who has deleted their account is in no organisation, and none knows what they were called',
    violations: `
      select m.id::text as violation from members m join users u on u.id = m.user_id
        where u.deleted_at is not null and (m.status <> 'removed' or m.email is not null or m.name <> u.name)`,
    plants: [
      `update users set email = null, email_key = null, name = 'deleted user', deleted_at = now(), suspended_at = now()`,
      `update users set email = null, email_key = null, name = 'deleted user', deleted_at = now(), suspended_at = now();
       update members set status = 'removed'`,
    ],
  },
  {
    name: 'an organisation calls its people as they are called',
    violations: `
      select m.id::text as violation from members m join users u on u.id = m.user_id
        where m.status <> 'removed' and (m.name, m.email, m.avatar_url) is distinct from (u.name, u.email, u.avatar_url)`,
    plants: [`update users set name = 'Other'`, 'update members set email = null'],
  },
  {
    name: 'an organisation has the system roles, with the ids that they have everywhere',
    violations: `
      with known as (select distinct id, scope, key from roles where system)
      select format('%s without %s', o.id, k.key) as violation from organizations o, known k
        where not exists (
          select from roles r where r.organization_id = o.id and (r.id, r.scope, r.key, r.system) = (k.id, k.scope, k.key, true))
      union all
      select format('%s has two ids', key) from known group by scope, key having count(*) > 1`,
    plants: [
      `delete from roles where key = 'admin' and organization_id = ${HERE}`,
      `update roles set id = uuidv7() where key = 'admin'`,
    ],
  },
  {
    name: "the system's roles are as they were made",
    violations: `
      select format('%s of %s', key, organization_id) as violation from roles
        where system and (name, description, permissions, version) is distinct from (initcap(key), '', '{}'::text[], 1)`,
    plants: [
      `update roles set name = 'Boss' where key = 'owner'`,
      `alter table roles drop constraint roles_system_permissions_check; update roles set permissions = '{members:read}' where key = 'viewer'`,
    ],
  },
  {
    name: "a custom role permits no thing twice, a team role nothing of the organisation's, and none is called like the system's",
    violations: `
      select format('%s of %s', key, organization_id) as violation from roles
        where not system and (key = any ('{owner,admin,member,viewer}')
          or scope = 'team' and permissions && '{${OF_ORGANIZATIONS.join()}}'
          or cardinality(permissions) <> (select count(distinct p) from unnest(permissions) as p))`,
    plants: [
      `insert into roles (organization_id, scope, key, name, permissions) values (${HERE}, 'team', 'lead', 'Lead', '{members:read}')`,
      `insert into roles (organization_id, scope, key, name, permissions) values (${HERE}, 'team', 'lead', 'Lead', '{teams:read,teams:read}')`,
      `alter table roles drop constraint roles_reserved_keys_check;
       insert into roles (organization_id, scope, key, name) values (${HERE}, 'organization', 'viewer', 'Viewer')`,
    ],
  },
  {
    name: 'what an owner is to keep in place of ownership is a role that there is',
    violations: `
      select t.id::text as violation from ownership_transfers t where t.status = 'pending' and not exists (
        select from roles r where r.organization_id = t.organization_id and r.scope = 'organization' and r.key = t.keep_role)`,
    plants: [`${OFFERS} where h.role_id is not null; update ownership_transfers set keep_role = 'nothing'`],
  },
  {
    name: 'roles that a member holds are for organisations',
    violations: `
      select format('%s: %s', h.member_id, r.key) as violation from member_roles h
        join roles r on r.organization_id = h.organization_id and r.id = h.role_id where r.scope <> 'organization'`,
    plants: [`update roles set scope = 'team' where key = 'owner'`],
  },
  {
    name: 'an offer of ownership waits for an active owner and an active member alone',
    violations: `
      select t.id::text as violation from ownership_transfers t
        join members p on p.organization_id = t.organization_id and p.id = t.proposer_id
        join members m on m.organization_id = t.organization_id and m.id = t.receiver_id
        where t.status = 'pending' and not (p.status = 'active' and m.status = 'active' and exists (
          select from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where h.organization_id = p.organization_id and h.member_id = p.id and r.system and r.key = 'owner'))`,
    plants: [
      `${OFFERS} where h.role_id is null`,
      `alter table members disable trigger cancel_ownership_transfers;
       ${OFFERS} where h.role_id is not null;
       update members set status = 'removed' where id in (select receiver_id from ownership_transfers)`,
    ],
  },
  {
    name: 'a team stands beneath its parent, which is there, and not beneath itself',
    violations: `
      select t.id::text as violation from teams t
        left join teams p on p.organization_id = t.organization_id and p.id = t.parent_team_id
        where t.path <> coalesce(p.path, '{}') || t.id or t.parent_team_id is not null and (p.id is null or p.deleted_at is not null)
          or cardinality(t.path) > 5 or cardinality(t.path) <> (select count(distinct id) from unnest(t.path) as id)`,
    plants: [
      `update teams set path = array[id, id] where parent_team_id is null`,
      `update teams set path = array[uuidv7(), id] where parent_team_id is not null`,
      `update teams set deleted_at = now() where parent_team_id is null`,
    ],
  },
  {
    name: 'a team knows which of those that it stands beneath are private',
    violations: `
      select t.id::text as violation from teams t
        where t.private_path <> array(
            select a.id from unnest(t.path) with ordinality as p (id, place)
              join teams a on a.organization_id = t.organization_id and a.id = p.id where a.visibility = 'private' order by place)
          or t.secluded <> (t.private_path <> '{}')`,
    plants: [
      `update teams set visibility = 'organization'`,
      `update teams set private_path = '{}' where parent_team_id is not null`,
    ],
  },
  {
    name: 'teams that everybody sees have slugs of their own',
    violations: `
      select format('%s in %s', slug, organization_id) as violation from teams
        where not secluded group by organization_id, slug having count(*) > 1`,
    plants: [`drop index teams_organization_id_slug_key; update teams set slug = 'same', private_path = '{}'`],
  },
  {
    name: 'who belongs to a team is in the organisation, once in the team, and holds a role for teams',
    violations: `
      select t.id::text as violation from team_members t
        left join members m on m.organization_id = t.organization_id and m.id = t.member_id and m.status <> 'removed'
        left join teams g on g.organization_id = t.organization_id and g.id = t.team_id
        left join roles r on r.organization_id = t.organization_id and r.id = t.role_id and r.scope = 'team'
        where num_nulls(m.id, g.id, r.id) > 0
      union all
      select format('%s twice in %s', member_id, team_id) from team_members
        group by organization_id, team_id, member_id having count(*) > 1`,
    plants: [
      `delete from member_roles; update members set status = 'removed'`,
      'update team_members set member_id = (select member_id from team_members limit 1)',
      'update team_members set team_id = uuidv7()',
      `update team_members t set role_id = r.id from roles r where r.scope = 'organization'`,
      `alter table team_members drop constraint team_members_organization_id_team_id_member_id_key;
       insert into team_members (organization_id, team_id, member_id, role_id) select organization_id, team_id, member_id, role_id from team_members`,
    ],
  },
  {
    name: 'nobody waits for two invitations to one organisation, and one makes one membership',
    violations: `
      select format('%s in %s', email_key, organization_id) as violation from invitations
        where status = 'pending' group by organization_id, email_key having count(*) > 1
      union all
      select id::text from invitations where (status = 'accepted') <> (member_id is not null)
      union all
      select member_id::text from invitations group by organization_id, member_id having count(member_id) > 1`,
    plants: [
      'drop index invitations_organization_id_email_key; update invitations set email_key = (select min(email_key) from invitations)',
      `alter table invitations drop constraint invitations_accepted_check; update invitations set status = 'accepted'`,
      `alter table invitations drop constraint invitations_organization_id_member_id_key;
       update invitations i set status = 'accepted', member_id = m.id from members m where m.organization_id = i.organization_id`,
    ],
  },
];

const EVENT = `insert into audit_events (organization_id, action, outcome, actor_type, target_type, target_id, changes)`;

/** Of the logs, of which nothing may be missing; where a test has changed rows by hand, something is. */
export const logged: readonly Invariant[] = [
  {
    name: 'what a field is changed from is what it was changed to before',
    violations: `
      with changed as (
        select e.*, field, change -> 'from' as was, lag(change -> 'to') over (
            partition by organization_id, target_type, target_id, field order by occurred_at, id) as made
          from audit_events e, jsonb_each(changes) as c (field, change)
          where outcome = 'success'
      )
      select format('%s of %s: %s, and %s before', action, target_id, field || ' was ' || was, made) as violation
        from changed where made <> was`,
    plants: [
      `${EVENT} select organization_id, 'member.updated', 'success', 'system', 'member', id,
           jsonb_build_object('roles', jsonb_build_object('from', json_build_array(r), 'to', json_build_array('x')))
         from members, unnest(array['owner', 'admin']) as r`,
    ],
  },
  {
    name: 'what the log says last of something is how it is',
    violations: `
      with told as (
        select distinct on (organization_id, target_type, target_id, field)
            organization_id, target_type, target_id, field, change -> 'to' as made
          from audit_events, jsonb_each(changes) as c (field, change)
          where outcome = 'success'
          order by organization_id, target_type, target_id, field, occurred_at desc, id desc
      ), rows as (
        select id as organization_id, 'organization' as type, id, to_jsonb(o) as fields from organizations o
        union all
        select m.organization_id, 'member', m.id, jsonb_build_object('status', status, 'roles', coalesce((
            select jsonb_agg(r.key order by r.key) from member_roles h
              join roles r on r.organization_id = h.organization_id and r.id = h.role_id
              where h.organization_id = m.organization_id and h.member_id = m.id), '[]'))
          from members m
        union all
        select organization_id, 'team', id, to_jsonb(t) from teams t
        union all
        select organization_id, 'role', id, to_jsonb(r) from roles r
        union all
        select organization_id, 'invitation', id, jsonb_build_object('status', status) from invitations where status <> 'expired'
        union all
        select i.organization_id, 'invitation', i.id, jsonb_build_object('roles', coalesce((
            select jsonb_agg(r.key order by r.key) from invitation_roles p
              join roles r on r.organization_id = p.organization_id and r.id = p.role_id
              where p.organization_id = i.organization_id and p.invitation_id = i.id), '[]'))
          from invitations i where i.status = 'pending' and i.expires_at > now()
        union all
        select t.organization_id, 'team_member', t.id, jsonb_build_object('member_id', t.member_id, 'role', r.key)
          from team_members t join roles r on r.organization_id = t.organization_id and r.id = t.role_id
      )
      select format('%s %s: %s is told to be %s', t.target_type, t.target_id, t.field, t.made) as violation
        from told t join rows r on r.organization_id = t.organization_id and r.type = t.target_type and r.id = t.target_id
        where t.made <> r.fields -> t.field`,
    plants: [
      `${EVENT} select organization_id, 'member.suspended', 'success', 'system', 'member', id,
         '{"status": {"from": "active", "to": "suspended"}}' from members`,
      `${EVENT} select organization_id, 'member.updated', 'success', 'system', 'member', id,
         '{"roles": {"from": ["member"], "to": ["admin"]}}' from members`,
      `${EVENT} select organization_id, 'invitation.updated', 'success', 'system', 'invitation', id,
         '{"roles": {"from": ["member"], "to": ["admin"]}}' from invitations`,
      `${EVENT} select organization_id, 'team.moved', 'success', 'system', 'team', id,
         '{"parent_team_id": {"from": null, "to": "01a1f000-0000-7000-8000-000000000000"}}' from teams`,
      `${EVENT} select organization_id, 'team_member.updated', 'success', 'system', 'team_member', id,
         '{"role": {"from": "member", "to": "admin"}}' from team_members`,
    ],
  },
  {
    name: 'a member has changed as often as the log tells',
    violations: `
      select format('%s: version %s', m.id, m.version) as violation from members m
        where m.version <> 1 + (
          select count(*) from audit_events e where e.organization_id = m.organization_id and e.target_id = m.id
            and e.target_type = 'member' and e.outcome = 'success' and e.action <> 'member.joined')`,
    plants: ['update members set version = version + 1'],
  },
  {
    name: 'a custom role was made once, and has changed as often as the log tells',
    violations: `
      select format('%s: version %s', r.id, r.version) as violation from roles r join lateral (
          select count(*) filter (where action = 'role.created') as creations, count(*) filter (where action = 'role.updated') as changes
            from audit_events e where e.organization_id = r.organization_id and e.target_id = r.id and e.outcome = 'success'
        ) as told on true
        where not r.system and (told.creations, told.changes + 1) is distinct from (1::bigint, r.version::bigint)`,
    plants: [
      `insert into roles (organization_id, scope, key, name) values (${HERE}, 'team', 'lead', 'Lead')`,
      `insert into roles (organization_id, scope, key, name) values (${HERE}, 'team', 'lead', 'Lead');
       ${EVENT} select organization_id, 'role.created', 'success', 'system', 'role', id, '{}' from roles where not system;
       update roles set version = 2 where key = 'lead'`,
    ],
  },
  {
    name: 'an organisation has changed as often as the log tells',
    violations: `
      select format('%s: version %s', o.id, o.version) as violation from organizations o
        where o.version <> 1 + (
          select count(*) from audit_events e where e.organization_id = o.id and e.action like 'organization.%'
            and e.outcome = 'success' and e.action <> 'organization.created')`,
    plants: ['update organizations set version = version + 1'],
  },
  {
    name: 'a team was made once, and who has accepted an invitation has joined by it, once',
    violations: `
      select t.id::text as violation from teams t where 1 <> (
        select count(*) from audit_events e where e.organization_id = t.organization_id and e.target_id = t.id and e.action = 'team.created')
      union all
      select i.id::text from invitations i where i.member_id is not null and 1 <> (
        select count(*) from audit_events e
          where e.organization_id = i.organization_id and e.target_id = i.member_id and e.action = 'member.joined')`,
    plants: [
      `delete from audit_events where action = 'team.created'`,
      `update invitations i set status = 'accepted', member_id = m.id from members m where m.organization_id = i.organization_id
         and i.id in (select min(id::text)::uuid from invitations group by organization_id)`,
    ],
  },
  {
    name: 'an organisation was made once, and what is deleted was so once more than restored',
    violations: `
      select o.id::text as violation from organizations o
        where 1 <> (select count(*) from audit_events e where e.organization_id = o.id and e.action = 'organization.created')
      union all
      select d.id::text from (
          select id as organization_id, id, deleted_at, 'organization' as type from organizations
          union all
          select organization_id, id, deleted_at, 'team' from teams
        ) as d
        where (deleted_at is not null)::int <> (
          select count(*) filter (where action = type || '.deleted') - count(*) filter (where action = type || '.restored')
            from audit_events e where e.organization_id = d.organization_id and e.target_id = d.id and e.outcome = 'success')`,
    plants: [
      `delete from audit_events where action = 'organization.created'`,
      'update organizations set deleted_at = now()',
      'update teams set deleted_at = now()',
    ],
  },
  {
    name: 'an offer of ownership was made and has ended once, as the log tells',
    violations: `
      select t.id::text as violation from ownership_transfers t join lateral (
          select count(*) filter (where action = 'ownership_transfer.proposed') as proposals,
              count(*) filter (where action = 'ownership_transfer.' || t.status) as ends, count(*) as events
            from audit_events e where e.organization_id = t.organization_id and e.target_id = t.id and e.outcome = 'success'
        ) as told on true
        where (told.proposals, told.ends, told.events) is distinct from
          case when t.status = 'pending' then (1::bigint, 0::bigint, 1::bigint) else (1::bigint, 1::bigint, 2::bigint) end`,
    plants: [`${OFFERS} where h.role_id is not null`],
  },
  {
    name: 'an invitation was made once, and has ended once, as the log tells',
    violations: `
      select i.id::text as violation from invitations i join lateral (
          select count(*) filter (where action = 'invitation.created') as creations,
              count(*) filter (where action = 'invitation.' || i.status) as ends,
              count(*) filter (where action in ('invitation.accepted', 'invitation.declined', 'invitation.revoked')) as all_ends
            from audit_events e where e.organization_id = i.organization_id and e.target_id = i.id and e.outcome = 'success'
        ) as told on true
        where told.creations <> 1 or told.ends <> told.all_ends or told.ends <> (i.status in ('accepted', 'declined', 'revoked'))::int`,
    plants: [
      'update invitations set id = uuidv7()',
      `alter table invitations disable trigger user; update invitations set status = 'revoked'`,
    ],
  },
];

/** @returns what is not as it has to be, each with its name */
export async function broken(database: TestDatabase, of: readonly Invariant[] = invariants): Promise<string[]> {
  const questions = of.map(
    ({ name, violations }, index) =>
      `select ${index} as index, '${name.replaceAll("'", "''")}: ' || violation as found from (${violations}) as v`,
  );
  const rows = await database.query<{ found: string }>(`${questions.join(' union all ')} order by index, found`);
  return rows.map(({ found }) => found);
}
