-- As it was.

drop policy closed_roster on team_members;
drop function app.closed_rosters();
drop function app.hidden_teams();

-- The teams of the scope's organisation that are not there for the caller: the deleted ones, and the secluded ones that they may not see.
-- A secluded team is seen by who may see all, by who oversees it or a team above, and by who belongs to each private team of its
-- path or to one beneath that. So nobody sees a team without seeing the one above.
create function app.hidden_teams() returns setof uuid
language plpgsql stable security definer rows 50
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_sees_all boolean;
  v_entered uuid[];
  v_overseen uuid[];
begin
  return query select t.id from public.teams t where t.organization_id = v_organization and t.deleted_at is not null;
  if not exists (select from public.teams t where t.organization_id = v_organization and t.secluded) then
    return;
  end if;
  select s.sees_all, s.entered, s.overseen into v_sees_all, v_entered, v_overseen
    from app.team_sight(v_organization, app.user_id(), null) s;
  if v_sees_all then
    return;
  end if;
  -- Of many secluded teams most are looked at once: by the first that is private above them.
  if v_overseen = '{}' then
    return query select t.id from public.teams t
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null
        and not (t.private_path[1] = any (v_entered) and t.private_path <@ v_entered);
  else
    return query select t.id from public.teams t
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null
        and not (t.private_path <@ v_entered or t.path && v_overseen);
  end if;
end $$;
select app.define_gate('app.hidden_teams()');

-- For a table that names a team: whoever may not see the team does not see the row, and can't make one. The row goes with the team. The
-- sub-select is evaluated once a statement, and a row of no team is everybody's.
create or replace function app.conceal_with_team(p_table regclass, p_column name) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format(
    'create policy concealed_with_team on %s as restrictive to tenantry_app using ((%I in (select h from app.hidden_teams() as h)) is not true)',
    p_table, p_column);
end $$;

drop policy concealed_with_team on teams;
select app.conceal_with_team('teams', 'id');
do $$
declare
  v_table record;
begin
  for v_table in
    select polrelid::regclass as name, (regexp_match(pg_get_expr(polqual, polrelid), '(\w+) IS NULL'))[1]::name as team_column
      from pg_catalog.pg_policy where polname = 'concealed_with_team' and polrelid <> 'public.teams'::regclass
  loop
    execute format('drop policy concealed_with_team on %s', v_table.name);
    perform app.conceal_with_team(v_table.name, v_table.team_column);
  end loop;
end $$;

-- The private teams that the caller sees only because they belong to one beneath: neither do they belong to it, nor does a role let them
-- see whatever is there.
create function app.closed_rosters() returns setof uuid
language sql stable security definer rows 10
set search_path = ''
as $$
  select t.id from app.team_sight(app.organization_id(), app.user_id(), null) s
    join public.teams t on t.organization_id = app.organization_id() and t.id = any (s.entered) and t.visibility = 'private'
    where not s.sees_all and not t.path && s.overseen and not exists (
      select from public.team_members j join public.members m on m.organization_id = j.organization_id and m.id = j.member_id
        where j.organization_id = t.organization_id and j.team_id = t.id and m.user_id = app.user_id() and m.status = 'active'
    )
$$;
select app.define_gate('app.closed_rosters()');

-- The sub-select is evaluated once a statement.
create policy closed_roster on team_members as restrictive to tenantry_app
  using ((team_id in (select c from app.closed_rosters() as c)) is not true);

-- Raises TN404 where the caller may not see the team, and then TN403 where neither the organisation's roles (p_permitted) nor
-- those of the team permit it. A deleted team is there for whoever would have it back, for 30 days.
create or replace function app.admit_to_team(
  p_organization uuid, p_user uuid, p_member uuid, p_permitted boolean, p_permission text, p_team uuid, p_team_roles text[],
  p_even_deleted boolean
) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  c_restorable constant interval := '30 days';
  v_team record;
  v_sight record;
begin
  select t.path, t.private_path, t.secluded into v_team from public.teams t
    where t.organization_id = p_organization and t.id = p_team
      and (t.deleted_at is null or p_even_deleted and t.deleted_at > now() - c_restorable);
  if not found then
    raise exception using errcode = 'TN404', message = 'not_found';
  end if;
  if v_team.secluded then
    select * into v_sight from app.team_sight(p_organization, p_user, p_team);
    if not (v_sight.sees_all or v_team.private_path <@ v_sight.entered or v_team.path && v_sight.overseen) then
      raise exception using errcode = 'TN404', message = 'not_found';
    end if;
  end if;
  if not p_permitted and not exists (
    select from public.team_members j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
      where j.organization_id = p_organization and j.member_id = p_member and j.team_id = any (v_team.path)
        and case when r.system then r.key = any (p_team_roles) else p_permission = any (r.permissions) end
  ) then
    raise exception using errcode = 'TN403', message = 'permission_denied';
  end if;
end $$;

drop function app.team_at_hand();
drop function app.overseen_teams();
drop function app.entered_private_teams();
drop function app.sees_private_teams();
drop function app.active_member();
