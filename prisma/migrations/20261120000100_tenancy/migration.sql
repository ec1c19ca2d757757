-- What every later migration stands on: the scope that a statement runs in, and one call each to protect a table, to
-- version it, and to hand a function to the gate. docs/tenancy.md explains the whole.

create schema app;
grant usage on schema app to tenantry_app, tenantry_gate;
-- A function is for those it is granted to; PostgreSQL's own default is everybody.
alter default privileges revoke execute on functions from public;

-- The scope lives in settings that are local to a transaction. A connection that was in a scope before holds an empty
-- string, not null: nullif makes both mean "none".
create function app.organization_id() returns uuid
language sql stable parallel safe
set search_path = ''
as $$ select nullif(current_setting('app.organization_id', true), '')::uuid $$;

create function app.user_id() returns uuid
language sql stable parallel safe
set search_path = ''
as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

grant execute on function app.organization_id(), app.user_id() to tenantry_app, tenantry_gate;

-- Puts a table behind row level security: every row belongs to one organisation, or to one user.
-- The predicates are written inline and in a sub-select, so that they are index conditions evaluated once a statement;
-- a function call in their place costs seven times as much. A user's rows show only where no organisation is set:
-- policies are ORed, and a handler in an organisation has no business in anybody's account.
create function app.protect_table(p_table regclass, p_scope text, p_column name) returns void
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

-- Sets updated_at and counts the version that If-Match compares, whoever writes.
create function app.count_version() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  new.version := old.version + 1;
  return new;
end $$;

create function app.track_changes(p_table regclass) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format('create trigger count_version before update on %s for each row execute function app.count_version()', p_table);
end $$;

-- Hands a SECURITY DEFINER function to the gate: the one role that sees before a scope exists, and only by the policies
-- that name it. The server may call the function; nobody can sign in as the gate.
create function app.define_gate(p_function regprocedure) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Grants first: they pass to the new owner, and this role may not change them afterwards.
  execute format('revoke all on function %s from public', p_function);
  execute format('grant execute on function %s to tenantry_app', p_function);
  grant create on schema app to tenantry_gate;
  execute format('alter function %s owner to tenantry_gate', p_function);
  revoke create on schema app from tenantry_gate;
end $$;
