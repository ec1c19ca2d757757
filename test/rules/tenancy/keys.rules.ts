import { gateOnly, migrationsTable, ours, plantedTable, type Rule, tables, tenantTables } from './rule.ts';

export const keys: readonly Rule[] = [
  {
    name: 'every table belongs to an organisation or to a user',
    violations: `with ${tables}
      select name as violation from tables t
        where relkind in ('r', 'p') and name not in ('organizations', 'users')
          and not exists (select from pg_attribute
            where attrelid = t.oid and attname in ('organization_id', 'user_id') and not attisdropped)`,
    exceptions: {
      _prisma_migrations: migrationsTable,
      operator_calls:
        "what those did who run the whole; the gate's functions alone see it, and the operator calls these",
      sign_in_counts: gateOnly,
      sign_in_failures: gateOnly,
    },
    plants: [['create table planted (id uuid primary key)', 'planted']],
  },
  {
    name: "an organisation's table takes its organization_id from the scope and is never without",
    violations: `with ${tenantTables}
      select name as violation from tenant_tables t join pg_attribute a on a.attrelid = t.oid and a.attnum = t.attnum
        left join pg_attrdef d on d.adrelid = t.oid and d.adnum = t.attnum
        where name <> 'organizations'
          and not (attnotnull and coalesce(pg_get_expr(adbin, adrelid), '') = 'app.organization_id()')`,
    plants: [
      [plantedTable, 'planted'],
      ['alter table teams alter organization_id drop default', 'teams'],
      ['create table planted (organization_id uuid default app.organization_id())', 'planted'],
    ],
  },
  {
    name: "an organisation's table leads its primary key with organization_id",
    violations: `with ${tenantTables}
      select name as violation from tenant_tables t
        where not exists (select from pg_constraint
          where conrelid = t.oid and contype = 'p' and conkey[1] = t.attnum)`,
    plants: [
      ['create table planted (id uuid primary key, organization_id uuid)', 'planted'],
      ['create table planted (id uuid, organization_id uuid, primary key (id, organization_id))', 'planted'],
      ['create table planted (organization_id uuid)', 'planted'],
    ],
  },
  {
    name: "an organisation's indexes, the unique ones above all, are led by organization_id",
    violations: `with ${tenantTables}
      select i.indexrelid::regclass::text as violation from tenant_tables t join pg_index i on i.indrelid = t.oid
        where i.indkey[0] <> t.attnum`,
    exceptions: {
      invitations_email_key_idx: 'finds what a person is invited to, by their address',
      members_user_id_idx: 'finds the organisations that a person is in, and changes what they are called there',
      organizations_deleted_at_idx: 'finds what is to be purged, of all of them',
      teams_deleted_at_idx: 'finds what is to be purged, of all of them',
      organizations_slug_key: "stands for the organisation in a front end's URL, so it is one for all",
    },
    plants: [
      ['create unique index planted on teams (slug)', 'planted'],
      ['create unique index planted on members (user_id) where status = $$active$$', 'planted'],
      ['create index planted on teams (slug)', 'planted'],
      ['create index planted on members (lower(name), organization_id)', 'planted'],
    ],
  },
  {
    name: "a foreign key to an organisation's table carries the organisation, which row level security does not check",
    violations: `with ${tenantTables}
      select f.conrelid::regclass || ': ' || f.conname as violation
        from pg_constraint f join tenant_tables target on target.oid = f.confrelid
        left join tenant_tables source on source.oid = f.conrelid
        where f.contype = 'f' and not coalesce(f.conkey[1] = source.attnum and f.confkey[1] = target.attnum, false)`,
    plants: [
      [
        `alter table members add unique (id); alter table teams add lead uuid constraint planted references members (id)`,
        'teams: planted',
      ],
      [
        `alter table teams add unique (id, organization_id);
         alter table members add team uuid,
           add constraint planted foreign key (team, organization_id) references teams (id, organization_id)`,
        'members: planted',
      ],
      ['alter table users add home uuid constraint planted references organizations (id)', 'users: planted'],
    ],
  },
  {
    name: "an organisation's table points outside organisations at people alone",
    violations: `with ${tenantTables}
      select f.conrelid::regclass || ': ' || f.conname as violation
        from pg_constraint f join tenant_tables source on source.oid = f.conrelid
        where f.contype = 'f' and f.confrelid <> 'users'::regclass
          and f.confrelid not in (select oid from tenant_tables)`,
    plants: [
      [
        'alter table teams add session_id uuid, add user_id uuid, add constraint planted foreign key (user_id, session_id) references sessions',
        'teams: planted',
      ],
    ],
  },
  {
    name: 'no column has an enum type: comparing it is not leakproof, so that policies would cost it its index',
    violations: `select typname as violation from pg_type t join pg_namespace n on n.oid = t.typnamespace
      where ${ours} and typtype = 'e'`,
    plants: [[`create type planted as enum ('a')`, 'planted']],
  },
];
