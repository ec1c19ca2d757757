-- Whoever belongs to a team beneath a private one sees that it is there, and not who belongs to it.

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

-- The roles that are held on these teams: the rule of grants asks for them whether or not the caller sees by whom.
create function app.roles_held_on(p_teams uuid[]) returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select distinct t.role_id from public.team_members t
    where t.organization_id = app.organization_id() and t.team_id = any (p_teams)
$$;
select app.define_gate('app.roles_held_on(uuid[])');
