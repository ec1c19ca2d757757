-- Roles of an organisation's own. What the server may do with them stands here; the system roles are nobody's to touch.

alter table roles
  -- By its bytes, in the database as in code: what somebody holds is compared by its keys in their order.
  alter column key type text collate pg_c_utf8,
  add column name_key text collate pg_c_utf8 not null generated always as (lower(name collate pg_c_utf8)) stored,
  add column description text not null default '' check (char_length(description) <= 500),
  add column version integer not null default 1,
  add column created_at timestamptz(6) not null default now(),
  add column updated_at timestamptz(6) not null default now(),
  -- A key that is a system role's anywhere means that role, in whatever scope it is read.
  add constraint roles_reserved_keys_check check (system or key not in ('owner', 'admin', 'member', 'viewer')),
  add constraint roles_permissions_check check (cardinality(permissions) <= 100 and array_position(permissions, null) is null);
-- One for each order of the list.
create index roles_organization_id_name_key_id_idx on roles (organization_id, name_key, id);
create index roles_organization_id_key_id_idx on roles (organization_id, key, id);
create index roles_organization_id_created_at_id_idx on roles (organization_id, created_at, id);
select app.track_changes('roles');

-- What a role is called by and where it can be held stays: both are in whatever names it. That one is the system's is not for the server to say.
grant insert (scope, key, name, description, permissions) on roles to tenantry_app;
grant update (name, description, permissions), delete on roles to tenantry_app;
-- Whatever statement it is, it reaches an organisation's own roles alone.
create policy own_roles_made on roles as restrictive for insert to tenantry_app with check (not system);
create policy own_roles_changed on roles as restrictive for update to tenantry_app using (not system) with check (not system);
create policy own_roles_deleted on roles as restrictive for delete to tenantry_app using (not system);
