-- Whoever comes in is judged by one function, and by look-ups of single rows: what it costs does not grow with how many members, roles and teams
-- an organisation has. docs/access.md measures it.

-- What a member holds on some teams is found by both, in however many teams they are and however many are in these.
create index team_members_organization_id_member_id_team_id_idx on team_members (organization_id, member_id, team_id);
drop index team_members_organization_id_member_id_idx;

drop function app.enter_even_deleted_team(uuid, uuid, uuid, text, text[], boolean, uuid, text[]);
drop function app.enter_even_deleted(uuid, uuid, uuid, text, text[], boolean);
drop function app.enter_even_suspended(uuid, uuid, uuid, boolean);
drop function app.enter(uuid, uuid, uuid, text, text[], boolean, uuid, text[]);
drop function app.admit_to_team(uuid, uuid, uuid, boolean, text, uuid, text[], boolean);

-- Raises TN404 where the member may not see the team, and then TN403 where neither the organisation's roles (p_permitted) nor those that
-- they hold on the team or above it permit it. A deleted team is there for whoever would have it back, for 30 days. Answers whether it is the
-- team at hand from then on: where it is there, and they see who belongs to it.
-- Which system roles hold teams:read_private stands here once more than in the catalogue; a test compares.
create function app.admit_to_team(
  p_organization uuid, p_member uuid, p_permitted boolean, p_permission text, p_team uuid, p_team_roles text[], p_even_deleted boolean
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  c_restorable constant interval := '30 days';
  v_team record;
  v_permitted boolean := p_permitted;
  -- By a role that they hold on the team or above it.
  v_oversees boolean;
  -- By belonging to the last private team of its path, or to one between that and the team.
  v_enters boolean;
  v_is_open boolean := true;
begin
  select t.path, t.private_path[cardinality(t.private_path)] as closed_by, t.visibility, t.deleted_at into v_team
    from public.teams t
    where t.organization_id = p_organization and t.id = p_team
      and (t.deleted_at is null or p_even_deleted and t.deleted_at > now() - c_restorable);
  if not found then
    raise exception using errcode = 'TN404', message = 'not_found';
  end if;

  if v_team.closed_by is not null then
    select v_permitted or coalesce(bool_or(case when r.system then r.key = any (p_team_roles) else p_permission = any (r.permissions) end), false),
      coalesce(bool_or(case when r.system then r.key = 'admin' else 'teams:read_private' = any (r.permissions) end), false),
      coalesce(bool_or(array_position(v_team.path, j.team_id) >= array_position(v_team.path, v_team.closed_by)), false)
      into v_permitted, v_oversees, v_enters
      from public.team_members j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
      where j.organization_id = p_organization and j.team_id = any (v_team.path) and j.member_id = p_member;
  elsif not v_permitted then
    v_permitted := exists (
      select from public.team_members j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
        where j.organization_id = p_organization and j.team_id = any (v_team.path) and j.member_id = p_member
          and case when r.system then r.key = any (p_team_roles) else p_permission = any (r.permissions) end
    );
  end if;

  -- A condition with a sub-select costs one even where what stands before it has decided.
  if v_team.closed_by is not null and not v_oversees and not v_enters then
    if not exists (
      select from public.member_roles h join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
        where h.organization_id = p_organization and h.member_id = p_member
          and case when r.system then r.key in ('owner', 'admin') else 'teams:read_private' = any (r.permissions) end
    ) then
      -- Who belongs to something else beneath the private one sees that this is there, and not who belongs to it.
      if not exists (
        select from public.team_members j join public.teams t on t.organization_id = j.organization_id and t.id = j.team_id
          where j.organization_id = p_organization and j.member_id = p_member and v_team.closed_by = any (t.private_path) and t.deleted_at is null
      ) then
        raise exception using errcode = 'TN404', message = 'not_found';
      end if;
      v_is_open := v_team.visibility <> 'private';
    end if;
  end if;

  if not v_permitted then
    raise exception using errcode = 'TN403', message = 'permission_denied';
  end if;
  return v_is_open and v_team.deleted_at is null;
end $$;
grant execute on function app.admit_to_team(uuid, uuid, boolean, text, uuid, text[], boolean) to tenantry_gate;

-- Goes first in every group of statements: lets the caller into their own scope (no organisation) or into an
-- organisation's, and sets that scope for the rest of the transaction. Answers the caller's member id there.
-- Raises TN401, TN404 or TN403 (the message is the problem's code), which aborts what follows in the group.
-- p_system_roles names the system roles that hold p_permission: the catalogue in code knows, this function need not.
-- p_step_up: the session's person has to have proved lately who they are.
-- p_team: the one that the request is about; p_team_roles names the system roles of teams that hold p_permission.
-- p_even: what is let through all the same. 'deleted': the organisation, and 'deleted_team': the team, where that was within the last 30 days, for
-- whoever has it back; 'suspended': the member, or the organisation, for whoever leaves.
-- What comes last is left out by a server of before.
create function app.enter(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[],
  p_step_up boolean default false, p_team uuid default null, p_team_roles text[] default '{}', p_even text default null, out member_id uuid
)
language plpgsql security definer
set search_path = ''
-- Every look-up is by key, and planned once a connection. What the planner knows of the tables in that moment is of no matter: it is
-- the same plan for the smallest organisation and for the largest.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  c_seen_to constant interval := '5 minutes';
  c_lately constant interval := '10 minutes';
  c_restorable constant interval := '30 days';
  v_session record;
  v_member record;
  -- An assignment is evaluated for a third of what PERFORM costs.
  v_setting text;
begin
  select s.last_seen_at, s.authenticated_at into v_session
    from public.sessions s join public.users u on u.id = s.user_id
    where s.user_id = p_user and s.id = p_session and s.ended_at is null and s.expires_at > now()
      and u.suspended_at is null;
  if not found then
    raise exception using errcode = 'TN401', message = 'unauthenticated';
  end if;

  if p_organization is not null then
    select m.id, m.status, o.suspended_at,
      p_permission is null or exists (
        select from public.member_roles h join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
          where h.organization_id = m.organization_id and h.member_id = m.id and r.scope = 'organization'
            and case when r.system then r.key = any (p_system_roles) else p_permission = any (r.permissions) end
      ) as permitted
      into v_member
      from public.members m join public.organizations o on o.id = m.organization_id
      where m.organization_id = p_organization and m.user_id = p_user and m.status <> 'removed'
        and (o.deleted_at is null or p_even = 'deleted' and o.deleted_at > now() - c_restorable);
    if not found then
      raise exception using errcode = 'TN404', message = 'not_found';
    elsif v_member.suspended_at is not null and p_even is distinct from 'suspended' then
      raise exception using errcode = 'TN403', message = 'organization_suspended';
    elsif v_member.status = 'suspended' and p_even is distinct from 'suspended' then
      raise exception using errcode = 'TN403', message = 'member_suspended';
    elsif p_team is not null then
      if app.admit_to_team(
        p_organization, v_member.id, v_member.permitted, p_permission, p_team, p_team_roles, p_even is not distinct from 'deleted_team'
      ) then
        v_setting := set_config('app.team_at_hand', concat_ws(' ', p_user, p_organization, p_team), true);
      end if;
    elsif not v_member.permitted then
      raise exception using errcode = 'TN403', message = 'permission_denied';
    end if;
    member_id := v_member.id;
  end if;

  if p_step_up is not false and v_session.authenticated_at <= clock_timestamp() - c_lately then
    raise exception using errcode = 'TN403', message = 'step_up_required';
  end if;

  if v_session.last_seen_at < now() - c_seen_to then
    -- One of many requests at once writes it down, and the others don't wait for that.
    update public.sessions s set last_seen_at = now()
      where (s.user_id, s.id) = (
        select l.user_id, l.id from public.sessions l
          where l.user_id = p_user and l.id = p_session and l.last_seen_at = v_session.last_seen_at
          for no key update skip locked
      );
  end if;

  v_setting := set_config('app.user_id', p_user::text, true);
  v_setting := set_config('app.organization_id', coalesce(p_organization::text, ''), true);
end $$;
select app.define_gate('app.enter(uuid, uuid, uuid, text, text[], boolean, uuid, text[], text)');

-- A server of before comes in by these while a deployment goes on. The first migration of the release after this one drops them.

create function app.enter_even_deleted(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[], p_step_up boolean, out member_id uuid
)
language plpgsql security definer
set search_path = ''
as $$
begin
  member_id := app.enter(p_user, p_session, p_organization, p_permission, p_system_roles, p_step_up, p_even => 'deleted');
end $$;
select app.define_gate('app.enter_even_deleted(uuid, uuid, uuid, text, text[], boolean)');

create function app.enter_even_suspended(p_user uuid, p_session uuid, p_organization uuid, p_step_up boolean, out member_id uuid)
language plpgsql security definer
set search_path = ''
as $$
begin
  member_id := app.enter(p_user, p_session, p_organization, null, '{}', p_step_up, p_even => 'suspended');
end $$;
select app.define_gate('app.enter_even_suspended(uuid, uuid, uuid, boolean)');

create function app.enter_even_deleted_team(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[],
  p_step_up boolean, p_team uuid, p_team_roles text[], out member_id uuid
)
language plpgsql security definer
set search_path = ''
as $$
begin
  member_id := app.enter(p_user, p_session, p_organization, p_permission, p_system_roles, p_step_up, p_team, p_team_roles, 'deleted_team');
end $$;
select app.define_gate('app.enter_even_deleted_team(uuid, uuid, uuid, text, text[], boolean, uuid, text[])');
