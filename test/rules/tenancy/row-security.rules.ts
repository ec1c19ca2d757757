import { keepsKeys, migrationsTable, plantedTable, type Rule, tables, tenantTables } from './rule.ts';

/** The predicates of app.protect_table as PostgreSQL writes them, in a literal. */
const setting = (name: string): string => `current_setting(''app.${name}''::text, true)`;
const scopeSetting = (name: string): string => `( SELECT (NULLIF(${setting(name)}, ''''::text))::uuid AS "nullif")`;
const noOrganization = `( SELECT NULLIF(${setting('organization_id')}, ''''::text) AS "nullif") IS NULL`;

/** The predicates of what is hidden with a team, likewise: of the teams themselves, and of what names one, for a format. */
const sightOfTeam = `'((deleted_at IS NULL) AND ((NOT secluded) OR ( SELECT app.sees_private_teams() AS sees_private_teams)'
  || ' OR (private_path[cardinality(private_path)] IN ( SELECT e.e' || chr(10) || '   FROM app.entered_private_teams() e(e)))'
  || ' OR (path && ( SELECT app.overseen_teams() AS overseen_teams))))'`;
const sightByTeam = `'((%1$I IS NULL) OR (%1$I = ( SELECT app.team_at_hand() AS team_at_hand)) OR (EXISTS ( SELECT' || chr(10)
  || '   FROM teams t' || chr(10) || '  WHERE ((t.organization_id = %2$I.organization_id) AND (t.id = %2$I.%1$I)))))'`;

export const rowSecurity: readonly Rule[] = [
  {
    name: 'every table is behind row level security, for its owner too',
    violations: `with ${tables}
      select name as violation from tables
        where relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)`,
    exceptions: { _prisma_migrations: migrationsTable },
    plants: [
      [plantedTable, 'planted'],
      ['alter table members disable row level security', 'members'],
      ['alter table members no force row level security', 'members'],
      ['create table app.planted ()', 'app.planted'],
    ],
  },
  {
    name: 'every table has a policy',
    violations: `with ${tables}
      select name as violation from tables t
        where relkind in ('r', 'p') and not exists (select from pg_policy where polrelid = t.oid)`,
    exceptions: { _prisma_migrations: migrationsTable },
    plants: [[plantedTable, 'planted']],
  },
  {
    name: 'a policy is for the server or the gate, in the job queue for those who work there, for the keeper of keys where those are, and says which',
    violations: `select polrelid::regclass || ': ' || polname as violation
      from pg_policy join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace
      where not polroles::regrole[]::text[] <@ (case
        when nspname = 'graphile_worker' then array['tenantry_worker', 'tenantry_queue']
        else array['tenantry_app', 'tenantry_gate'] end || case when ${keepsKeys} then array['tenantry_keys'] else '{}' end)`,
    plants: [
      ['create policy planted on teams using (false)', 'teams: planted'],
      ['create policy planted on teams to tenantry_gate, tenantry_worker using (true)', 'teams: planted'],
      ['create policy planted on teams as restrictive to tenantry_worker using (true)', 'teams: planted'],
      ['create policy planted on teams to tenantry_keys using (true)', 'teams: planted'],
      [
        'create policy planted on graphile_worker._private_tasks to tenantry_keys using (true)',
        'graphile_worker._private_tasks: planted',
      ],
      [
        'create policy planted on graphile_worker._private_jobs to tenantry_app using (true)',
        'graphile_worker._private_jobs: planted',
      ],
    ],
  },
  {
    // A restrictive policy is free to say what it likes: it only takes away from what these two show.
    name: "what the server's policies permit is what the two of app.protect_table do, for reading and for writing",
    violations: `
      select polrelid::regclass || ': ' || polname as violation
        from pg_policy,
          lateral (select pg_get_expr(polqual, polrelid) as sees, pg_get_expr(polwithcheck, polrelid) as writes),
          lateral (select
            case when polrelid = 'organizations'::regclass then 'id' else 'organization_id' end as organization_column,
            case when polrelid = 'users'::regclass then 'id' else 'user_id' end as user_column)
        where 'tenantry_app'::regrole = any (polroles) and polpermissive and not coalesce(
          polcmd = '*' and sees = writes and sees in (
            format('(%s = ${scopeSetting('organization_id')})', organization_column),
            format('((%s = ${scopeSetting('user_id')}) AND (${noOrganization}))', user_column)
          ), false)`,
    plants: [
      ['create policy planted on teams to tenantry_app using (true)', 'teams: planted'],
      [
        `create policy narrow on teams as restrictive to tenantry_app using (deleted_at is null);
         create policy planted on teams for select to tenantry_app, tenantry_gate using (deleted_at is null)`,
        'teams: planted',
      ],
      [
        `create policy planted on teams to tenantry_app
           using (id = (select nullif(current_setting('app.organization_id', true), '')::uuid))`,
        'teams: planted',
      ],
      ['alter policy organization_scope on teams with check (true)', 'teams: organization_scope'],
      [
        'create policy planted on members for select to tenantry_app using (user_id = app.user_id())',
        'members: planted',
      ],
      ['alter policy user_scope on sessions using (user_id = app.user_id())', 'sessions: user_scope'],
    ],
  },
  {
    name: 'what the server may touch has a policy that permits it to the server',
    violations: `with ${tables}
      select name as violation from tables t
        where relkind in ('r', 'p') and (
            has_any_column_privilege('tenantry_app', t.oid, 'select, insert, update')
            or has_table_privilege('tenantry_app', t.oid, 'select, insert, update, delete'))
          and not exists (select from pg_policy where polrelid = t.oid and polpermissive and 'tenantry_app'::regrole = any (polroles))`,
    plants: [
      [
        `drop policy organization_scope on teams;
         create policy organization_scope on teams as restrictive to tenantry_app using (true)`,
        'teams',
      ],
      ['grant select on email_tokens to tenantry_app', 'email_tokens'],
      ['grant update (used_at) on email_tokens to tenantry_app', 'email_tokens'],
      ['grant select on _prisma_migrations to tenantry_app', '_prisma_migrations'],
    ],
  },
  {
    name: 'every table of an organisation is emptied when that is purged',
    violations: `with ${tenantTables}
      select name as violation from tenant_tables t
        where not (has_table_privilege('tenantry_gate', t.oid, 'delete')
          and exists (select from pg_policy where polrelid = t.oid and polname = 'purge' and polcmd = 'd'
            and polroles = array['tenantry_gate'::regrole::oid]))`,
    exceptions: {
      audit_events: 'the log outlives what it tells of',
      organization_keys: 'destroyed in place of that: what they sealed is forgotten, and not lost',
    },
    plants: [
      [plantedTable, 'planted'],
      ['drop policy purge on teams', 'teams'],
      ['revoke delete on teams from tenantry_gate', 'teams'],
    ],
  },
  {
    name: 'whatever names a team is hidden from whom the team is hidden',
    violations: `with ${tenantTables}
      select name || '.' || a.attname as violation from tenant_tables t
        join pg_attribute a on a.attrelid = t.oid and not a.attisdropped
        where (
            name = 'teams' and a.attname = 'id'
            or a.attname = 'team_id'
            or exists (select from pg_constraint where contype = 'f' and conrelid = t.oid and confrelid = 'teams'::regclass
              and conrelid <> confrelid and a.attnum = any (conkey[2:]))
          )
          and not exists (select from pg_policy where polrelid = t.oid and not polpermissive and polcmd = '*'
            and polroles = array['tenantry_app'::regrole::oid] and polwithcheck is null
            and pg_get_expr(polqual, polrelid) = case name when 'teams' then ${sightOfTeam} else format(${sightByTeam}, a.attname, name) end)`,
    exceptions: { 'audit_events.team_id': 'written and not read: who reads the log brings the policy' },
    plants: [
      ['drop policy concealed_with_team on teams', 'teams.id'],
      ['alter policy concealed_with_team on teams using (deleted_at is null)', 'teams.id'],
      ['alter policy concealed_with_team on team_members using (true)', 'team_members.team_id'],
      ['alter table members add column team_id uuid', 'members.team_id'],
      [
        'alter table members add column lead uuid, add foreign key (organization_id, lead) references teams (organization_id, id)',
        'members.lead',
      ],
    ],
  },
  {
    name: "a view asks with its reader's rights, and no materialized view keeps rows outside the policies",
    violations: `with ${tables}
      select name as violation from tables
        where relkind = 'm' or relkind = 'v' and not coalesce(reloptions @> '{security_invoker=true}', false)`,
    plants: [
      ['create view planted as select from teams', 'planted'],
      ['create materialized view planted as select from teams', 'planted'],
    ],
  },
];
