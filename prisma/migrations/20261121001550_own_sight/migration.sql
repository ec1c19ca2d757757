-- What a caller sees is found by what they hold themselves, each by its key, however many roles the organisation has and however many teams they
-- are in. What they see is what it was. A plan is kept for whichever organisation comes next: these have none that reads a table, or
-- all that somebody is in, for one row of it.

drop policy closed_roster on team_members;
drop policy concealed_with_team on teams;
drop function app.closed_rosters();
drop function app.overseen_teams();
drop function app.entered_private_teams();
drop function app.sees_private_teams();

-- Whether the caller sees all teams of the scope's organisation. Which system roles hold teams:read_private stands here once more than in the
-- catalogue; a test compares.
create function app.sees_private_teams() returns boolean
language sql stable security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  select exists (
    select from public.roles r
      where r.organization_id = (select app.organization_id()) and r.id = any (array(
          select h.role_id from public.member_roles h
            where h.organization_id = (select app.organization_id()) and h.member_id = (select app.active_member())
        ))
        and case when r.system then r.key in ('owner', 'admin') else 'teams:read_private' = any (r.permissions) end
  )
$$;
select app.define_gate('app.sees_private_teams()');

-- The teams on which a role of the caller's lets them see whatever is beneath. Nothing stands beneath a deleted one.
create function app.overseen_teams() returns uuid[]
language sql stable security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  select array(
    select j.team_id from public.team_members j
      where j.organization_id = (select app.organization_id()) and j.member_id = (select app.active_member()) and j.role_id = any (array(
        select r.id from public.roles r
          where r.organization_id = (select app.organization_id()) and r.id = any (array(
              select distinct o.role_id from public.team_members o
                where o.organization_id = (select app.organization_id()) and o.member_id = (select app.active_member())
            ))
            and case when r.system then r.key = 'admin' else 'teams:read_private' = any (r.permissions) end
      ))
  )
$$;
select app.define_gate('app.overseen_teams()');

-- The private teams to which the caller belongs, or to something beneath them. With one of them there are all that are private above it.
-- Where few teams are private, these are looked at, and not all in which somebody is.
create function app.entered_private_teams() returns setof uuid
language plpgsql stable security definer rows 100
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  c_few constant integer := 100;
  v_organization constant uuid := app.organization_id();
  v_member constant uuid := app.active_member();
begin
  -- Of the index of both, so that no more of it is read.
  if c_few > (
    select count(*) from (
      select from public.teams t where t.organization_id = v_organization and (t.secluded or t.deleted_at is not null) limit c_few
    ) as t
  ) then
    return query select unnest(t.private_path)
      from public.teams t, lateral (
        select from public.team_members j
          where j.organization_id = v_organization and j.member_id = v_member and j.team_id = t.id
          offset 0
      ) as own
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null;
  else
    return query select unnest(t.private_path)
      from public.team_members j, lateral (
        select * from public.teams t
          where t.organization_id = v_organization and t.id = j.team_id and t.secluded and t.deleted_at is null
          offset 0
      ) as t
      where j.organization_id = v_organization and j.member_id = v_member;
  end if;
end $$;
select app.define_gate('app.entered_private_teams()');

-- The private teams that the caller sees only because they belong to one beneath: neither do they belong to it, nor does a role let them
-- see whatever is there.
create function app.closed_rosters() returns setof uuid
language plpgsql stable security definer rows 10
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_member constant uuid := app.active_member();
begin
  if app.sees_private_teams() then
    return;
  end if;
  return query select t.id
    from (select distinct e from app.entered_private_teams() as e) as entered
      join public.teams t on t.organization_id = v_organization and t.id = entered.e
    where not exists (
      select from public.team_members j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
        where j.organization_id = v_organization and j.member_id = v_member and j.team_id = any (t.path)
          and (j.team_id = t.id or case when r.system then r.key = 'admin' else 'teams:read_private' = any (r.permissions) end)
        offset 0
    );
end $$;
select app.define_gate('app.closed_rosters()');

-- As they were.
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
