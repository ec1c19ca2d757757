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
    (new.id, '00000000-0000-7000-8000-000000000003', 'organization', 'member', 'Member', true);
  return null;
end $$;
create trigger create_system_roles after insert on organizations for each row execute function app.create_system_roles();
select app.define_gate('app.create_system_roles()');

alter table roles no force row level security;
delete from roles where system and scope = 'team';
alter table roles force row level security;

alter table member_roles
  drop column role_scope,
  add foreign key (organization_id, role_id) references roles (organization_id, id);
alter table roles drop constraint roles_organization_id_id_scope_key;
