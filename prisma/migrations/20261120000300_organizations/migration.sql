-- Organisations, their roles, members and teams. From here on every table leads its primary key, its unique indexes and
-- its foreign keys with organization_id: row level security does not check foreign keys, so the keys do.

create table organizations (
  id uuid primary key default uuidv7(),
  name text not null check (char_length(name) between 1 and 200),
  -- Unique across organisations, because it stands for one in a front end's URL; it stays taken while soft-deleted.
  slug text not null constraint organizations_slug_key unique check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  suspended_at timestamptz(6),
  deleted_at timestamptz(6)
);
select app.track_changes('organizations');
-- Inside an organisation one sees that organisation and no other.
select app.protect_table('organizations', 'organization', 'id');
grant select, insert on organizations to tenantry_app;
grant update (name, slug, metadata) on organizations to tenantry_app;

create table roles (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  scope text not null check (scope in ('organization', 'team')),
  key text not null check (key ~ '^[a-z][a-z0-9_-]{0,47}$'),
  name text not null check (char_length(name) between 1 and 100),
  -- A system role has the same id and key everywhere; what it permits stands in the catalogue in code.
  system boolean not null default false,
  permissions text[] not null default '{}',
  primary key (organization_id, id),
  constraint roles_organization_id_scope_key_key unique (organization_id, scope, key),
  constraint roles_system_permissions_check check (not system or permissions = '{}')
);
-- Roles are an organisation's own.
select app.protect_table('roles', 'organization', 'organization_id');
grant select on roles to tenantry_app;

-- A new organisation has the system roles from its first moment, so that a role is always a row to point at.
create function app.create_system_roles() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  insert into public.roles (organization_id, id, scope, key, name, system) values
    (new.id, '00000000-0000-7000-8000-000000000001', 'organization', 'owner', 'Owner', true),
    (new.id, '00000000-0000-7000-8000-000000000002', 'organization', 'admin', 'Admin', true),
    (new.id, '00000000-0000-7000-8000-000000000003', 'organization', 'member', 'Member', true);
  return null;
end $$;
create trigger create_system_roles after insert on organizations for each row execute function app.create_system_roles();
select app.define_gate('app.create_system_roles()');
-- The server can't make a system role; the gate makes nothing else.
create policy gate_system_roles on roles for insert to tenantry_gate with check (system);
grant insert on roles to tenantry_gate;

create table members (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  user_id uuid not null references users (id),
  status text not null default 'active' check (status in ('active', 'suspended', 'removed')),
  joined_at timestamptz(6) not null default now(),
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  primary key (organization_id, id)
);
-- One live membership a person; who left stays as history.
create unique index members_organization_id_user_id_key on members (organization_id, user_id) where status <> 'removed';
-- "My organisations" starts from the user.
create index members_user_id_idx on members (user_id) where status <> 'removed';
select app.track_changes('members');
-- Members are seen from inside their organisation alone.
select app.protect_table('members', 'organization', 'organization_id');
grant select, insert on members to tenantry_app;

create table member_roles (
  organization_id uuid not null default app.organization_id(),
  member_id uuid not null,
  role_id uuid not null,
  primary key (organization_id, member_id, role_id),
  foreign key (organization_id, member_id) references members (organization_id, id),
  foreign key (organization_id, role_id) references roles (organization_id, id)
);
create index member_roles_organization_id_role_id_idx on member_roles (organization_id, role_id);
-- Who holds which role is the organisation's own.
select app.protect_table('member_roles', 'organization', 'organization_id');
grant select, insert on member_roles to tenantry_app;

create table teams (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  name text not null check (char_length(name) between 1 and 200),
  slug text not null check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$'),
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  deleted_at timestamptz(6),
  primary key (organization_id, id),
  constraint teams_organization_id_slug_key unique (organization_id, slug)
);
select app.track_changes('teams');
-- Teams are an organisation's own.
select app.protect_table('teams', 'organization', 'organization_id');
grant select on teams to tenantry_app;
