drop policy own_roles_deleted on roles;
drop policy own_roles_changed on roles;
drop policy own_roles_made on roles;
revoke insert (scope, key, name, description, permissions), update (name, description, permissions), delete on roles from tenantry_app;
drop trigger count_version on roles;
drop index roles_organization_id_created_at_id_idx;
drop index roles_organization_id_key_id_idx;
drop index roles_organization_id_name_key_id_idx;
alter table roles
  drop constraint roles_permissions_check,
  drop constraint roles_reserved_keys_check,
  drop column updated_at,
  drop column created_at,
  drop column version,
  drop column description,
  drop column name_key,
  alter column key type text collate "default";
