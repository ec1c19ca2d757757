-- Encryption at rest. What is declared encrypted is a column of a type that holds sealed text and nothing else. It is sealed by the
-- server under a data key of its owner, an organisation or a user; data keys are kept here, wrapped under a master key that the
-- database never sees. docs/decisions/0023 explains the whole.

-- Version, id of the key, and nonce, ciphertext and tag in base64url: no plain text has this form.
create domain app.sealed as text
  constraint sealed_form check (value ~ '^v1\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9_-]{38,}$');

create table organization_keys (
  organization_id uuid not null default app.organization_id(),
  id uuid not null,
  -- Sealed under the master key that it names.
  wrapped_key text check (wrapped_key ~ '^v1\.[a-z0-9][a-z0-9_-]*\.[A-Za-z0-9_-]+$'),
  created_at timestamptz(6) not null default clock_timestamp(),
  superseded_at timestamptz(6),
  -- What was sealed under it can't be read again by anybody: the row stays, to tell "forgotten" from "lost".
  destroyed_at timestamptz(6),
  primary key (organization_id, id),
  constraint organization_keys_destroyed_check check ((wrapped_key is null) = (destroyed_at is not null))
);
-- No foreign key: a key is there before the row whose column it seals, and after it.
-- At most one key of an owner seals, whatever races.
create unique index organization_keys_current_key on organization_keys (organization_id)
  where superseded_at is null and destroyed_at is null;
-- An organisation's keys are its own.
select app.protect_table('organization_keys', 'organization', 'organization_id');

create table user_keys (
  user_id uuid not null default app.user_id(),
  id uuid not null,
  wrapped_key text check (wrapped_key ~ '^v1\.[a-z0-9][a-z0-9_-]*\.[A-Za-z0-9_-]+$'),
  created_at timestamptz(6) not null default clock_timestamp(),
  superseded_at timestamptz(6),
  destroyed_at timestamptz(6),
  primary key (user_id, id),
  constraint user_keys_destroyed_check check ((wrapped_key is null) = (destroyed_at is not null))
);
create unique index user_keys_current_key on user_keys (user_id) where superseded_at is null and destroyed_at is null;
-- A person's keys are their own.
select app.protect_table('user_keys', 'user', 'user_id');

-- The server adds a key and destroys one; it replaces none.
grant select, insert (id, wrapped_key), update (wrapped_key, destroyed_at) on organization_keys, user_keys to tenantry_app;
create policy only_to_destroy on organization_keys as restrictive for update to tenantry_app
  using (true) with check (destroyed_at is not null);
create policy only_to_destroy on user_keys as restrictive for update to tenantry_app
  using (true) with check (destroyed_at is not null);

-- The keys of the scope's owner, with the given one among them where there was none to seal with. Of several who come at once,
-- all get the first one's: each statement here sees what was committed before it.
create function app.use_organization_key(p_id uuid, p_wrapped_key text) returns setof public.organization_keys
language plpgsql
set search_path = ''
as $$
begin
  insert into public.organization_keys (id, wrapped_key) values (p_id, p_wrapped_key)
    on conflict (organization_id) where superseded_at is null and destroyed_at is null do nothing;
  return query select * from public.organization_keys;
end $$;
create function app.use_user_key(p_id uuid, p_wrapped_key text) returns setof public.user_keys
language plpgsql
set search_path = ''
as $$
begin
  insert into public.user_keys (id, wrapped_key) values (p_id, p_wrapped_key)
    on conflict (user_id) where superseded_at is null and destroyed_at is null do nothing;
  return query select * from public.user_keys;
end $$;
grant execute on function app.use_organization_key(uuid, text), app.use_user_key(uuid, text) to tenantry_app;

-- Refuses a value under a key that its owner has not, or has no longer: a server remembers keys for some seconds, and nobody could
-- read what it writes. As a serialization failure, so that it comes again.
create function app.check_data_key() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_row jsonb := to_jsonb(new);
  v_key uuid := split_part(v_row ->> tg_argv[0], '.', 2)::uuid;
  v_owner uuid := (v_row ->> tg_argv[1])::uuid;
begin
  if tg_argv[2] = 'organization' then
    perform from public.organization_keys k
      where k.organization_id = v_owner and k.id = v_key and k.destroyed_at is null;
  else
    perform from public.user_keys k where k.user_id = v_owner and k.id = v_key and k.destroyed_at is null;
  end if;
  if not found then
    raise exception using errcode = 'serialization_failure', message = 'no such data key';
  end if;
  return new;
end $$;

-- tenantry_keys moves rows from one key to the next, across organisations: it sees keys and sealed columns, and no plain text.
grant usage on schema app to tenantry_keys;
create policy keys_maintenance on organization_keys to tenantry_keys using (true) with check (true);
create policy keys_maintenance on user_keys to tenantry_keys using (true) with check (true);
grant select, insert (organization_id, id, wrapped_key), update (wrapped_key, superseded_at)
  on organization_keys to tenantry_keys;
grant select, insert (user_id, id, wrapped_key), update (wrapped_key, superseded_at) on user_keys to tenantry_keys;

-- Adds a column that is encrypted, with all that belongs to it; p_indexed: and beside it <column>_index, by which equal values of
-- one owner are found. Whose it is follows from the table's columns.
create function app.add_encrypted_column(p_table regclass, p_column name, p_indexed boolean default false) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_index name := p_column || '_index';
  v_column name := case
    when p_table::text in ('organizations', 'users') or p_table::text in ('public.organizations', 'public.users') then 'id'
    when exists (select from pg_catalog.pg_attribute
      where attrelid = p_table and attname = 'organization_id' and not attisdropped) then 'organization_id'
    else 'user_id' end;
  v_owner text := case
    when v_column = 'organization_id' or p_table::text ~ 'organizations$' then 'organization' else 'user' end;
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

-- Undoes it.
create function app.drop_encrypted_column(p_table regclass, p_column name) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format('drop trigger %I on %s', 'check_key_of_' || p_column, p_table);
  execute format('alter table %s drop column %I, drop column if exists %I', p_table, p_column, p_column || '_index');
  if not exists (select from pg_catalog.pg_attribute
    where attrelid = p_table and atttypid = 'app.sealed'::regtype and not attisdropped) then
    execute format('drop policy keys_maintenance on %s', p_table);
    execute format('revoke all on %s from tenantry_keys', p_table);
  end if;
end $$;

-- A row that is moved to another key says what it said: its version and its ETag stay.
create or replace function app.count_version() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if current_user <> 'tenantry_keys' then
    new.updated_at := now();
    new.version := old.version + 1;
  end if;
  return new;
end $$;
