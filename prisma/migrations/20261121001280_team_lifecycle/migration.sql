-- How teams are made, moved, deleted and restored. What stands beneath a team goes where it goes, also what the caller does not see:
-- so these are the gate's, in the scope's organisation, whose row the caller has locked.

grant insert (id, name, slug, description, visibility, path, private_path) on teams to tenantry_app;
grant update (name, slug, description) on teams to tenantry_app;
create policy gate_updates on teams for update to tenantry_gate using (true) with check (true);
grant update (path, private_path, visibility, deleted_at) on teams to tenantry_gate;

-- Puts a team beneath another, or makes it a root, with all that is beneath it, deleted ones too.
create function app.replant_team(p_team uuid, p_parent uuid, p_visibility text) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_parent record;
  v_level integer;
begin
  select coalesce(max(cardinality(t.path)), 0) into v_level from public.teams t
    where t.organization_id = v_organization and t.id = p_team;
  select t.path, t.private_path into v_parent from public.teams t where t.organization_id = v_organization and t.id = p_parent;
  update public.teams t set
      visibility = case when t.id = p_team then p_visibility else t.visibility end,
      path = coalesce(v_parent.path, '{}') || t.path[v_level:],
      private_path = coalesce(v_parent.private_path, '{}')
        || case when p_visibility = 'private' then array[p_team] else '{}' end
        || array(select u.id from unnest(t.private_path) with ordinality as u (id, n) where u.id = any (t.path[v_level + 1:]) order by u.n)
    where t.organization_id = v_organization and t.path @> array[p_team];
end $$;
grant execute on function app.replant_team(uuid, uuid, text) to tenantry_gate;

-- Moves a team that is there, and shows or hides it. Answers those that stay behind: where somebody moves a team so deep that what they
-- don't see beneath it would stand on a sixth level, that stays with the former parent. To refuse it would tell that it is
-- there. It does not come into the open by that: what a private team secluded becomes private itself.
create function app.move_team(p_team uuid, p_parent uuid, p_visibility text)
  returns table (id uuid, old_visibility text, new_visibility text)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_levels constant integer := 5;
  v_organization constant uuid := app.organization_id();
  v_team record;
  v_deeper integer;
  v_hidden uuid[];
  v_top record;
begin
  select t.path, t.parent_team_id into strict v_team from public.teams t
    where t.organization_id = v_organization and t.id = p_team and t.deleted_at is null;
  v_deeper := 1 - cardinality(v_team.path) + coalesce(
    (select cardinality(t.path) from public.teams t where t.organization_id = v_organization and t.id = p_parent), 0);
  if v_deeper > 0 then
    v_hidden := array(select h from app.hidden_teams() as h);
    for v_top in
      select t.id, t.visibility as before, case
          when t.private_path && t.path[cardinality(v_team.path):cardinality(t.path) - 1] then 'private' else t.visibility
        end as after
        from public.teams t
        where t.organization_id = v_organization and t.path @> array[p_team]
          and t.id = any (v_hidden) and t.parent_team_id <> all (v_hidden)
          and c_levels < v_deeper + (
            select max(cardinality(b.path)) from public.teams b where b.organization_id = v_organization and b.path @> array[t.id]
          )
        order by t.id
    loop
      perform app.replant_team(v_top.id, v_team.parent_team_id, v_top.after);
      return query select v_top.id, v_top.before, v_top.after;
    end loop;
  end if;
  perform app.replant_team(p_team, p_parent, p_visibility);
end $$;
select app.define_gate('app.move_team(uuid, uuid, text)');

-- Deletes a team that is there. It keeps its place, and what stands beneath it moves up to its parent, deleted ones too. Nothing comes into
-- the open by that: what a private team secluded becomes private itself. Answers the teams that moved up.
create function app.delete_team(p_team uuid) returns table (id uuid, old_visibility text, new_visibility text)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_team record;
  v_level integer;
begin
  update public.teams t set deleted_at = now()
    where t.organization_id = v_organization and t.id = p_team and t.deleted_at is null
    returning t.visibility, t.path into strict v_team;
  v_level := cardinality(v_team.path);
  return query
    with moved as (
      update public.teams t set
          path = array_remove(t.path, p_team),
          private_path = case
            when t.path[v_level + 1] = any (t.private_path) then array_remove(t.private_path, p_team)
            else array_replace(t.private_path, p_team, t.path[v_level + 1])
          end,
          visibility = case when t.parent_team_id = p_team and v_team.visibility = 'private' then 'private' else t.visibility end
        where t.organization_id = v_organization and t.path @> array[p_team] and t.id <> p_team
        returning new.id, old.visibility as before, new.visibility as after, old.parent_team_id = p_team and new.deleted_at is null as moved_up
    )
    select m.id, m.before, m.after from moved m where m.moved_up order by m.id;
end $$;
select app.define_gate('app.delete_team(uuid)');

-- Brings back a team within 30 days, where it stands. Answers whether it was deleted.
create function app.restore_team(p_team uuid) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  update public.teams t set deleted_at = null
    where t.organization_id = app.organization_id() and t.id = p_team and t.deleted_at > now() - interval '30 days';
  return found;
end $$;
select app.define_gate('app.restore_team(uuid)');

-- What can't be restored any more goes for good.
create index teams_deleted_at_idx on teams (deleted_at) where deleted_at is not null;

-- Deletes so many rows of what belongs to a team whose time is over, and the team last, and says how many: 0 when there is none. What
-- belongs to it is whatever has a key to it. An hour later than it can be restored: nobody who came in time is still at it.
create function app.purge_teams(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  c_kept constant interval := '30 days 1 hour';
  v_team record;
  v_table record;
  v_deleted integer;
  v_total integer := 0;
begin
  select t.organization_id, t.id into v_team from public.teams t
    where t.deleted_at < now() - c_kept order by t.deleted_at limit 1 for update skip locked;
  if not found then
    return 0;
  end if;

  for v_table in
    with recursive naming as (
      select c.conrelid as relation, a.attname as team_column from pg_catalog.pg_constraint c
        join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[2]
        where c.contype = 'f' and c.confrelid = 'public.teams'::regclass and c.conrelid <> c.confrelid
    ), ranked as (
      select relation, 0 as rank from naming
      union
      select c.confrelid, r.rank + 1 from ranked r join pg_catalog.pg_constraint c on c.conrelid = r.relation and c.contype = 'f'
        where c.confrelid <> c.conrelid and c.confrelid in (select relation from naming) and r.rank < 50
    )
    select n.relation::regclass as name, n.team_column from naming n join ranked r using (relation)
      group by n.relation, n.team_column order by max(r.rank), n.relation
  loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where organization_id = $1 and %2$I = $2 limit $3))',
      v_table.name, v_table.team_column)
      using v_team.organization_id, v_team.id, p_limit - v_total;
    get diagnostics v_deleted = row_count;
    v_total := v_total + v_deleted;
    exit when v_total >= p_limit;
  end loop;

  if v_total < p_limit then
    delete from public.teams t where t.organization_id = v_team.organization_id and t.id = v_team.id;
    v_total := v_total + 1;
  end if;
  insert into public.audit_events (organization_id, action, outcome, actor_type, target_type, target_id, team_id, changes)
    values (v_team.organization_id, 'system.purged', 'success', 'system', 'team', v_team.id, v_team.id,
      jsonb_build_object('rows', jsonb_build_object('from', v_total, 'to', 0)));
  return v_total;
end $$;
select app.define_gate('app.purge_teams(integer)');
