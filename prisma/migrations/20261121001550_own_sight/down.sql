-- As it was.

drop policy closed_roster on team_members;
drop policy concealed_with_team on teams;
drop function app.closed_rosters();
drop function app.overseen_teams();
drop function app.entered_private_teams();
drop function app.sees_private_teams();

create function app.sees_private_teams() returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (
    select from public.member_roles h
      where h.organization_id = (select app.organization_id()) and h.member_id = (select app.active_member()) and h.role_id = any (array(
        select r.id from public.roles r
          where r.organization_id = (select app.organization_id()) and r.scope = 'organization'
            and case when r.system then r.key in ('owner', 'admin') else 'teams:read_private' = any (r.permissions) end
      ))
  )
$$;
select app.define_gate('app.sees_private_teams()');

create function app.entered_private_teams() returns setof uuid
language sql stable security definer rows 100
set search_path = ''
as $$
  select unnest(t.private_path)
    from public.team_members j join public.teams t on t.organization_id = j.organization_id and t.id = j.team_id
    where j.organization_id = (select app.organization_id()) and j.member_id = (select app.active_member())
      and t.secluded and t.deleted_at is null
$$;
select app.define_gate('app.entered_private_teams()');

create function app.overseen_teams() returns uuid[]
language sql stable security definer
set search_path = ''
as $$
  select array(
    select j.team_id from public.team_members j
      where j.organization_id = (select app.organization_id()) and j.member_id = (select app.active_member()) and j.role_id = any (array(
        select r.id from public.roles r
          where r.organization_id = (select app.organization_id()) and r.scope = 'team'
            and case when r.system then r.key = 'admin' else 'teams:read_private' = any (r.permissions) end
      ))
  )
$$;
select app.define_gate('app.overseen_teams()');

create function app.closed_rosters() returns setof uuid
language sql stable security definer rows 10
set search_path = ''
as $$
  select e from app.entered_private_teams() as e
    where not (select app.sees_private_teams())
      and e not in (
        select j.team_id from public.team_members j
          where j.organization_id = (select app.organization_id()) and j.member_id = (select app.active_member())
      )
      and not exists (
        select from public.teams t
          where t.organization_id = (select app.organization_id()) and t.id = e and t.path && (select app.overseen_teams())
      )
$$;
select app.define_gate('app.closed_rosters()');

create policy concealed_with_team on teams as restrictive to tenantry_app using (
  deleted_at is null and (
    not secluded
    or (select app.sees_private_teams())
    or private_path[cardinality(private_path)] in (select e from app.entered_private_teams() as e)
    or path && (select app.overseen_teams())
  )
);
create policy closed_roster on team_members as restrictive to tenantry_app
  using (team_id = (select app.team_at_hand()) or (team_id in (select c from app.closed_rosters() as c)) is not true);
