-- What is hidden is told row by row: a team by what its own row says of where it stands, and what names a team by that team. The set of all
-- hidden teams, of which there may be thousands, is made no more where a few rows are asked for.

-- What these functions look up by its key stands in sub-selects: a plan is kept for whichever organisation comes next, and a call in place of
-- a sub-select is made for every row.

-- The caller's membership in the scope's organisation, while it is active.
create function app.active_member() returns uuid
language sql stable
set search_path = ''
as $$
  select m.id from public.members m
    where m.organization_id = (select app.organization_id()) and m.user_id = (select app.user_id()) and m.status = 'active'
$$;
grant execute on function app.active_member() to tenantry_gate;

-- Whether the caller sees all teams of the scope's organisation. Which system roles hold teams:read_private stands here once more than in the
-- catalogue; a test compares.
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

-- The private teams to which the caller belongs, or to something beneath them. With one of them there are all that are private above it.
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

-- The teams on which a role of the caller's lets them see whatever is beneath. Nothing stands beneath a deleted one.
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

-- A secluded team is seen by who may see all, by who belongs to each private team of its path or to one beneath that (the last of them
-- stands for all), and by who oversees it or a team above. So nobody sees a team without seeing the one above. Each sub-select
-- is evaluated once a statement, and only where the ones before it have not decided.
drop policy concealed_with_team on teams;
create policy concealed_with_team on teams as restrictive to tenantry_app using (
  deleted_at is null and (
    not secluded
    or (select app.sees_private_teams())
    or private_path[cardinality(private_path)] in (select e from app.entered_private_teams() as e)
    or path && (select app.overseen_teams())
  )
);

-- The team that the request is about, where the entry has found that the caller sees who belongs to it: this caller, in this
-- organisation. In another scope there is none, whatever the setting says.
create function app.team_at_hand() returns uuid
language sql stable
set search_path = ''
as $$
  select case when split_part(s.setting, ' ', 1) = app.user_id()::text and split_part(s.setting, ' ', 2) = app.organization_id()::text
      then split_part(s.setting, ' ', 3)::uuid end
    from (select current_setting('app.team_at_hand', true) as setting) as s
$$;
grant execute on function app.team_at_hand() to tenantry_app;

-- For a table that names a team: whoever may not see the team does not see the row, and can't make one. The row goes with the team, and
-- a row of no team is everybody's. All rows of the team at hand are told by one comparison each.
create or replace function app.conceal_with_team(p_table regclass, p_column name) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format(
    $p$create policy concealed_with_team on %1$s as restrictive to tenantry_app using (
      %2$I is null or %2$I = (select app.team_at_hand())
      or exists (select from public.teams t where t.organization_id = %1$s.organization_id and t.id = %1$s.%2$I))$p$,
    p_table, p_column);
end $$;

do $$
declare
  v_table record;
begin
  for v_table in
    select polrelid::regclass as name, (regexp_match(pg_get_expr(polqual, polrelid), '(\w+) IN '))[1]::name as team_column
      from pg_catalog.pg_policy where polname = 'concealed_with_team' and polrelid <> 'public.teams'::regclass
  loop
    execute format('drop policy concealed_with_team on %s', v_table.name);
    perform app.conceal_with_team(v_table.name, v_table.team_column);
  end loop;
end $$;

-- The private teams that the caller sees only because they belong to one beneath: neither do they belong to it, nor does a role let them
-- see whatever is there. As it was, but for where it looks.
drop policy closed_roster on team_members;
drop function app.closed_rosters();
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
create policy closed_roster on team_members as restrictive to tenantry_app
  using (team_id = (select app.team_at_hand()) or (team_id in (select c from app.closed_rosters() as c)) is not true);

-- The teams of the scope's organisation that are not there for the caller, for what moves teams past the policies.
drop function app.hidden_teams();
create function app.hidden_teams() returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select t.id from public.teams t
    where t.organization_id = (select app.organization_id()) and (
      t.deleted_at is not null
      or t.secluded and not (
        (select app.sees_private_teams())
        or t.private_path[cardinality(t.private_path)] in (select e from app.entered_private_teams() as e)
        or t.path && (select app.overseen_teams())
      )
    )
$$;
select app.define_gate('app.hidden_teams()');

-- Raises TN404 where the caller may not see the team, and then TN403 where neither the organisation's roles (p_permitted) nor
-- those of the team permit it. A deleted team is there for whoever would have it back, for 30 days. It is the team at
-- hand from then on, where the caller sees who belongs to it.
create or replace function app.admit_to_team(
  p_organization uuid, p_user uuid, p_member uuid, p_permitted boolean, p_permission text, p_team uuid, p_team_roles text[],
  p_even_deleted boolean
) returns void
language plpgsql
set search_path = ''
as $$
declare
  c_restorable constant interval := '30 days';
  v_team record;
  v_sight record;
  -- Whether the caller sees who belongs to it.
  v_is_open boolean := true;
begin
  select t.path, t.private_path, t.secluded, t.visibility, t.deleted_at into v_team from public.teams t
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
    v_is_open := v_team.visibility <> 'private' or v_sight.sees_all or v_team.path && v_sight.overseen or exists (
      select from public.team_members j where j.organization_id = p_organization and j.team_id = p_team and j.member_id = p_member
    );
  end if;
  if not p_permitted and not exists (
    select from public.team_members j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
      where j.organization_id = p_organization and j.member_id = p_member and j.team_id = any (v_team.path)
        and case when r.system then r.key = any (p_team_roles) else p_permission = any (r.permissions) end
  ) then
    raise exception using errcode = 'TN403', message = 'permission_denied';
  end if;
  if v_is_open and v_team.deleted_at is null then
    perform set_config('app.team_at_hand', concat_ws(' ', p_user, p_organization, p_team), true);
  end if;
end $$;
