create or replace function app.count_version() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  new.version := old.version + 1;
  return new;
end $$;
drop function app.add_encrypted_column, app.drop_encrypted_column, app.check_data_key, app.use_organization_key, app.use_user_key;
drop table organization_keys, user_keys;
drop domain app.sealed;
revoke usage on schema app from tenantry_keys;
