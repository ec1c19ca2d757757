-- What moves, deletes and restores teams takes along what the caller does not see beneath them. The teams themselves, and where they are put,
-- the caller has to see: the server's own statements can't name any other.

create function app.verify_seen(p_teams uuid[]) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if exists (select from app.hidden_teams() as h where h = any (p_teams)) then
    raise exception using errcode = 'insufficient_privilege', message = 'the caller does not see the team';
  end if;
end $$;
grant execute on function app.verify_seen(uuid[]) to tenantry_gate;

-- A deleted team is hidden from everybody. Who brings it back would see it if it were not deleted.
create function app.verify_restorable(p_team uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if exists (
    select from public.teams t, app.team_sight(app.organization_id(), app.user_id(), p_team) s
      where t.organization_id = app.organization_id() and t.id = p_team
        and t.secluded and not (s.sees_all or t.private_path <@ s.entered or t.path && s.overseen)
  ) then
    raise exception using errcode = 'insufficient_privilege', message = 'the caller does not see the team';
  end if;
end $$;
grant execute on function app.verify_restorable(uuid) to tenantry_gate;

drop function app.move_team(uuid, uuid, text);
drop function app.delete_team(uuid);
drop function app.restore_team(uuid);

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
  perform app.verify_seen(array[p_team, p_parent]);
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

-- Deletes a team that is there. It keeps its place, and what stands beneath it moves up to its parent first, deleted ones too. Nothing comes
-- into the open by that: what a private team secluded becomes private itself. Answers the teams that moved up.
create function app.delete_team(p_team uuid) returns table (id uuid, old_visibility text, new_visibility text)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_team record;
  v_level integer;
begin
  perform app.verify_seen(array[p_team]);
  select t.visibility, t.path into strict v_team from public.teams t
    where t.organization_id = v_organization and t.id = p_team and t.deleted_at is null;
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
  update public.teams t set deleted_at = now() where t.organization_id = v_organization and t.id = p_team;
end $$;
select app.define_gate('app.delete_team(uuid)');

-- Brings back a team within 30 days, where it stands. Answers whether it was deleted.
create function app.restore_team(p_team uuid) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  perform app.verify_restorable(p_team);
  update public.teams t set deleted_at = null
    where t.organization_id = app.organization_id() and t.id = p_team and t.deleted_at > now() - interval '30 days';
  return found;
end $$;
select app.define_gate('app.restore_team(uuid)');
