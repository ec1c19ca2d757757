drop table invitation_teams;
alter table invitation_roles
  drop constraint invitation_roles_organization_id_role_id_role_scope_fkey,
  drop column role_scope,
  add foreign key (organization_id, role_id) references roles (organization_id, id);
