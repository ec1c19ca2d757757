-- Whose an encrypted column is follows from the table's columns, as the server reads it from the catalogue: a table of a person that is
-- called user_organizations is sealed under their key, and was checked against an organisation's.

-- Adds a column that is encrypted, with all that belongs to it; p_indexed: and beside it <column>_index, by which equal values of
-- one owner are found. Whose it is follows from the table's columns.
create or replace function app.add_encrypted_column(p_table regclass, p_column name, p_indexed boolean default false) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_index name := p_column || '_index';
  v_table name := (select relname from pg_catalog.pg_class where oid = p_table);
  v_column name := case
    when v_table in ('organizations', 'users') then 'id'
    when exists (select from pg_catalog.pg_attribute
      where attrelid = p_table and attname = 'organization_id' and not attisdropped) then 'organization_id'
    else 'user_id' end;
  v_owner text := case
    when v_column = 'organization_id' or v_table = 'organizations' then 'organization' else 'user' end;
  v_key text := (
    select string_agg(format('%I', attname), ', ') from pg_catalog.pg_constraint
      join pg_catalog.pg_attribute on attrelid = conrelid and attnum = any (conkey)
      where conrelid = p_table and contype = 'p'
  );
begin
  execute format('alter table %s add column %I app.sealed', p_table, p_column);
  execute format(
    'create trigger %1$I before insert or update of %2$I on %3$s for each row when (new.%2$I is not null)
       execute function app.check_data_key(%2$L, %4$L, %5$L)',
    'check_key_of_' || p_column, p_column, p_table, v_column, v_owner);
  execute format('grant select (%1$s, %2$I), update (%2$I) on %3$s to tenantry_keys', v_key, p_column, p_table);
  if p_indexed then
    execute format('alter table %1$s add column %2$I bytea check (octet_length(%2$I) = 32)', p_table, v_index);
    execute format('alter table %1$s add check ((%2$I is null) = (%3$I is null))', p_table, p_column, v_index);
    execute format('grant select (%1$I), update (%1$I) on %2$s to tenantry_keys', v_index, p_table);
  end if;
  if not exists (select from pg_catalog.pg_policy where polrelid = p_table and polname = 'keys_maintenance') then
    execute format('create policy keys_maintenance on %s to tenantry_keys using (true) with check (true)', p_table);
  end if;
end $$;
