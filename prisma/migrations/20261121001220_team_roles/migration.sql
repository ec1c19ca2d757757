-- The system roles that one holds on a team, and keys that keep each kind of role to where it can be held.

alter table roles add constraint roles_organization_id_id_scope_key unique (organization_id, id, scope);

-- What a member holds is a role of the organisation, by the key and not by code alone.
alter table member_roles
  drop constraint member_roles_organization_id_role_id_fkey,
  add column role_scope text not null generated always as ('organization') stored,
  add foreign key (organization_id, role_id, role_scope) references roles (organization_id, id, scope);

drop trigger create_system_roles on organizations;
drop function app.create_system_roles();
-- A new organisation has the system roles from its first moment, so that a role is always a row to point at.
create function app.create_system_roles() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  insert into public.roles (organization_id, id, scope, key, name, system) values
    (new.id, '00000000-0000-7000-8000-000000000001', 'organization', 'owner', 'Owner', true),
    (new.id, '00000000-0000-7000-8000-000000000002', 'organization', 'admin', 'Admin', true),
    (new.id, '00000000-0000-7000-8000-000000000003', 'organization', 'member', 'Member', true),
    (new.id, '00000000-0000-7000-8000-000000000011', 'team', 'admin', 'Admin', true),
    (new.id, '00000000-0000-7000-8000-000000000012', 'team', 'member', 'Member', true),
    (new.id, '00000000-0000-7000-8000-000000000013', 'team', 'viewer', 'Viewer', true);
  return null;
end $$;
create trigger create_system_roles after insert on organizations for each row execute function app.create_system_roles();
select app.define_gate('app.create_system_roles()');

-- Organisations that are there get the new ones. Without FORCE the owner of the tables, who runs this, sees all rows of them.
alter table roles no force row level security;
alter table organizations no force row level security;
insert into roles (organization_id, id, scope, key, name, system)
  select o.id, r.id, 'team', r.key, r.name, true from organizations o, (values
    ('00000000-0000-7000-8000-000000000011'::uuid, 'admin', 'Admin'),
    ('00000000-0000-7000-8000-000000000012'::uuid, 'member', 'Member'),
    ('00000000-0000-7000-8000-000000000013'::uuid, 'viewer', 'Viewer')
  ) as r (id, key, name);
alter table organizations force row level security;
alter table roles force row level security;
