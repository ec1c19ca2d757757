drop function app.purge_organizations;
revoke select (organization_id, destroyed_at), update (wrapped_key, destroyed_at) on organization_keys from tenantry_gate;
drop policy gate_destroys on organization_keys;
drop policy gate_reads on organization_keys;

-- What the gate had before stays with it.
do $$
declare
  v_table regclass;
begin
  for v_table in select polrelid::regclass from pg_catalog.pg_policy where polname = 'purge' loop
    execute format('drop policy purge on %s', v_table);
    execute format('drop policy purge_finds on %s', v_table);
    if v_table <> 'public.member_roles'::regclass then
      execute format('revoke delete on %s from tenantry_gate', v_table);
    end if;
    if v_table::text not in ('organizations', 'members', 'member_roles', 'roles') then
      execute format('revoke select on %s from tenantry_gate', v_table);
    end if;
  end loop;
end $$;

create or replace function app.protect_table(p_table regclass, p_scope text, p_column name) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_predicate text := case p_scope
    when 'organization' then
      format($p$%I = (select nullif(current_setting('app.organization_id', true), '')::uuid)$p$, p_column)
    when 'user' then
      format($p$%I = (select nullif(current_setting('app.user_id', true), '')::uuid)
        and (select nullif(current_setting('app.organization_id', true), '')) is null$p$, p_column)
  end;
begin
  if v_predicate is null then
    raise exception 'unknown scope "%": a table belongs to an organization or to a user', p_scope;
  end if;
  execute format('alter table %s enable row level security', p_table);
  execute format('alter table %s force row level security', p_table);
  execute format('create policy %I on %s to tenantry_app using (%s) with check (%s)',
    p_scope || '_scope', p_table, v_predicate, v_predicate);
end $$;
drop function app.purge_with_organization;
drop policy deleted_now on organizations;
drop index organizations_deleted_at_idx;
