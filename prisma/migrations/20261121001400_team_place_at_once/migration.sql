-- Where teams stand is judged as soon as a statement has written them, all of them at once. A judgement row by row, put off to the commit, was
-- one that no time limit stopped: the commit of a team with many beneath it kept everybody else waiting.

drop trigger keep_team_place on teams;
drop function app.keep_team_place();
drop function app.delete_team(uuid);

-- Refuses a statement after which a team would stand anywhere but beneath its parent, whoever it is that writes: a cycle, a path that is not the
-- parent's, a deleted parent, a private ancestor of which the team does not know. It takes the organisation's row, as whoever moves
-- teams has to do first, so that of two who move at once the second one sees what the first has done. Each look-up is one
-- of an index (`limit`, `offset`), however few teams there were when the plan was made.
create function app.keep_team_place() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform from public.organizations o
    where o.id in (select w.organization_id from written w) order by o.id for no key update;
  if exists (
    select from written t left join lateral (
        select p.path, p.private_path, p.deleted_at from public.teams p
          where p.organization_id = t.organization_id and p.id = t.parent_team_id limit 1
      ) p on true
      where t.path <> coalesce(p.path, '{}') || t.id
        or t.private_path <> coalesce(p.private_path, '{}') || case when t.visibility = 'private' then array[t.id] else '{}' end
        or p.deleted_at is not null
  ) or exists (
    select from written p cross join lateral (
        select c.id, c.path, c.private_path, c.visibility from public.teams c
          where c.organization_id = p.organization_id and c.parent_team_id = p.id offset 0
      ) t
      where t.path <> p.path || t.id
        or t.private_path <> p.private_path || case when t.visibility = 'private' then array[t.id] else '{}' end
        or p.deleted_at is not null
  ) then
    raise exception using errcode = 'check_violation', table = 'teams', constraint = 'teams_place',
      message = 'a team stands beneath its parent, with all that is beneath it';
  end if;
  return null;
end $$;
create trigger keep_place_of_new_teams after insert on teams
  referencing new table as written for each statement execute function app.keep_team_place();
create trigger keep_team_place after update on teams
  referencing new table as written for each statement execute function app.keep_team_place();
select app.define_gate('app.keep_team_place()');

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
