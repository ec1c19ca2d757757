-- What was deleted goes for good when it can't be restored any more: every table of an organisation, those of later migrations too.

create index organizations_deleted_at_idx on organizations (deleted_at) where deleted_at is not null;

-- The server can say that an organisation is deleted, but not that it was so long ago that it is to be purged.
create policy deleted_now on organizations as restrictive for update to tenantry_app
  using (true) with check (deleted_at is null or deleted_at = now());

-- The gate removes rows of a purged organisation. A table with a policy of this name is emptied by app.purge_organizations.
create function app.purge_with_organization(p_table regclass) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format('create policy purge on %s for delete to tenantry_gate using (true)', p_table);
  execute format('create policy purge_finds on %s for select to tenantry_gate using (true)', p_table);
  execute format('grant select, delete on %s to tenantry_gate', p_table);
end $$;

-- As before; and what belongs to an organisation goes with it, unless its migration takes that back.
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
  if p_scope = 'organization' then
    perform app.purge_with_organization(p_table);
  end if;
end $$;

-- Those that are there. The log outlives what it tells of, and data keys stay as what tells "forgotten" from "lost".
do $$
declare
  v_table regclass;
begin
  for v_table in
    select polrelid::regclass from pg_catalog.pg_policy
      where polname = 'organization_scope'
        and polrelid not in ('public.audit_events'::regclass, 'public.organization_keys'::regclass)
  loop
    perform app.purge_with_organization(v_table);
  end loop;
end $$;

create policy gate_reads on organization_keys for select to tenantry_gate using (true);
create policy gate_destroys on organization_keys for update to tenantry_gate using (true) with check (destroyed_at is not null);
grant select (organization_id, destroyed_at), update (wrapped_key, destroyed_at) on organization_keys to tenantry_gate;

-- Deletes so many rows of an organisation whose time is over, and says how many: 0 when there is none. What points at others goes
-- before what is pointed at, and the organisation itself last, so that whatever interrupts it, the next one goes on. Data keys
-- are destroyed first. Each time is an event in the organisation's log, which is all that stays.
-- An hour later than it can be restored: nobody who came in time is still at it.
create function app.purge_organizations(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  c_kept constant interval := '30 days 1 hour';
  v_organization uuid;
  v_table record;
  v_deleted integer;
  v_total integer := 0;
begin
  select o.id into v_organization from public.organizations o
    where o.deleted_at < now() - c_kept order by o.deleted_at limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  update public.organization_keys k set wrapped_key = null, destroyed_at = now()
    where k.organization_id = v_organization and k.destroyed_at is null;

  for v_table in
    with recursive purged as (
      select polrelid as relation from pg_catalog.pg_policy where polname = 'purge' and polrelid <> 'public.organizations'::regclass
    ), pointing as (
      select conrelid as source, confrelid as target from pg_catalog.pg_constraint
        join purged s on s.relation = conrelid join purged t on t.relation = confrelid
        where contype = 'f' and conrelid <> confrelid
    ), ranked as (
      select relation, 0 as rank from purged
      union
      select p.target, r.rank + 1 from ranked r join pointing p on p.source = r.relation where r.rank < 50
    )
    select relation::regclass as name, exists (
        select from pg_catalog.pg_constraint where conrelid = relation and confrelid = relation and contype = 'f'
      ) as points_at_itself
      from ranked group by relation order by max(rank), relation
  loop
    -- Rows that point at others of their table go all at once: a key is looked at when the statement ends.
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where organization_id = $1 limit $2))', v_table.name)
      using v_organization, case when not v_table.points_at_itself then p_limit - v_total end;
    get diagnostics v_deleted = row_count;
    v_total := v_total + v_deleted;
    exit when v_total >= p_limit;
  end loop;

  if v_total < p_limit then
    delete from public.organizations o where o.id = v_organization;
    if not found then
      raise exception 'an organization that was to be purged is not seen';
    end if;
    v_total := v_total + 1;
  end if;
  insert into public.audit_events (organization_id, action, outcome, actor_type, target_type, target_id, changes)
    values (v_organization, 'system.purged', 'success', 'system', 'organization', v_organization,
      jsonb_build_object('rows', jsonb_build_object('from', v_total, 'to', 0)));
  return v_total;
end $$;
select app.define_gate('app.purge_organizations(integer)');
