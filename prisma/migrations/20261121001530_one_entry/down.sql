-- As it was.

create index team_members_organization_id_member_id_idx on team_members (organization_id, member_id);
drop index team_members_organization_id_member_id_team_id_idx;

drop function app.enter_even_deleted_team(uuid, uuid, uuid, text, text[], boolean, uuid, text[]);
drop function app.enter_even_deleted(uuid, uuid, uuid, text, text[], boolean);
drop function app.enter_even_suspended(uuid, uuid, uuid, boolean);
drop function app.enter(uuid, uuid, uuid, text, text[], boolean, uuid, text[], text);
drop function app.admit_to_team(uuid, uuid, boolean, text, uuid, text[], boolean);

-- Raises TN404 where the caller may not see the team, and then TN403 where neither the organisation's roles (p_permitted) nor
-- those of the team permit it. A deleted team is there for whoever would have it back, for 30 days. It is the team at
-- hand from then on, where the caller sees who belongs to it.
create function app.admit_to_team(
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
grant execute on function app.admit_to_team(uuid, uuid, uuid, boolean, text, uuid, text[], boolean) to tenantry_gate;

-- Goes first in every group of statements: lets the caller into their own scope (no organisation) or into an
-- organisation's, and sets that scope for the rest of the transaction. Answers the caller's member id there.
-- Raises TN401, TN404 or TN403 (the message is the problem's code), which aborts what follows in the group.
-- p_system_roles names the system roles that hold p_permission: the catalogue in code knows, this function need not.
-- p_step_up: the session's person has to have proved lately who they are.
-- p_team: the one that the request is about; p_team_roles names the system roles of teams that hold p_permission.
-- What comes last is left out by a server of before.
create function app.enter(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[],
  p_step_up boolean default false, p_team uuid default null, p_team_roles text[] default '{}', out member_id uuid
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_seen_to constant interval := '5 minutes';
  c_lately constant interval := '10 minutes';
  v_member record;
  v_last_seen_at timestamptz;
  v_authenticated_at timestamptz;
begin
  select s.last_seen_at, s.authenticated_at into v_last_seen_at, v_authenticated_at
    from public.sessions s join public.users u on u.id = s.user_id
    where s.user_id = p_user and s.id = p_session and s.ended_at is null and s.expires_at > now()
      and u.suspended_at is null;
  if not found then
    raise exception using errcode = 'TN401', message = 'unauthenticated';
  end if;

  if p_organization is not null then
    select m.id, m.status, o.suspended_at,
      p_permission is null or exists (
        select from public.member_roles mr
          join public.roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
          where mr.organization_id = m.organization_id and mr.member_id = m.id and r.scope = 'organization'
            and case when r.system then r.key = any (p_system_roles) else p_permission = any (r.permissions) end
      ) as permitted
      into v_member
      from public.members m join public.organizations o on o.id = m.organization_id
      where m.organization_id = p_organization and m.user_id = p_user and m.status <> 'removed'
        and o.deleted_at is null;
    if not found then
      raise exception using errcode = 'TN404', message = 'not_found';
    elsif v_member.suspended_at is not null then
      raise exception using errcode = 'TN403', message = 'organization_suspended';
    elsif v_member.status = 'suspended' then
      raise exception using errcode = 'TN403', message = 'member_suspended';
    elsif p_team is not null then
      perform app.admit_to_team(p_organization, p_user, v_member.id, v_member.permitted, p_permission, p_team, p_team_roles, false);
    elsif not v_member.permitted then
      raise exception using errcode = 'TN403', message = 'permission_denied';
    end if;
    member_id := v_member.id;
  end if;

  if p_step_up is not false and v_authenticated_at <= clock_timestamp() - c_lately then
    raise exception using errcode = 'TN403', message = 'step_up_required';
  end if;

  if v_last_seen_at < now() - c_seen_to then
    -- One of many requests at once writes it down, and the others don't wait for that.
    update public.sessions s set last_seen_at = now()
      where (s.user_id, s.id) = (
        select l.user_id, l.id from public.sessions l
          where l.user_id = p_user and l.id = p_session and l.last_seen_at = v_last_seen_at
          for no key update skip locked
      );
  end if;

  perform set_config('app.user_id', p_user::text, true),
    set_config('app.organization_id', coalesce(p_organization::text, ''), true);
end $$;
select app.define_gate('app.enter(uuid, uuid, uuid, text, text[], boolean, uuid, text[])');

-- As app.enter, for the one thing that can be done with a deleted team: have it back. Lets in where the team is there, or was
-- within the last 30 days.
create function app.enter_even_deleted_team(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[],
  p_step_up boolean, p_team uuid, p_team_roles text[], out member_id uuid
)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_permitted boolean;
begin
  member_id := app.enter(p_user, p_session, p_organization, null, '{}', false);
  v_permitted := p_permission is null or exists (
    select from public.member_roles h join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where h.organization_id = p_organization and h.member_id = enter_even_deleted_team.member_id and r.scope = 'organization'
        and case when r.system then r.key = any (p_system_roles) else p_permission = any (r.permissions) end
  );
  perform app.admit_to_team(p_organization, p_user, member_id, v_permitted, p_permission, p_team, p_team_roles, true);
  if p_step_up then
    perform app.enter(p_user, p_session, p_organization, null, '{}', true);
  end if;
end $$;
select app.define_gate('app.enter_even_deleted_team(uuid, uuid, uuid, text, text[], boolean, uuid, text[])');

-- As app.enter, for the one thing that can be done in a deleted organisation: have it back. Lets in where the organisation is there,
-- or was within the last 30 days, so that what is done again is told that it has been done.
create function app.enter_even_deleted(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[], p_step_up boolean, out member_id uuid
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_restorable constant interval := '30 days';
  v_member record;
begin
  -- The session and the account, and what the organisation has no part in.
  perform app.enter(p_user, p_session, null, null, '{}', false);

  select m.id, m.status, o.suspended_at,
    p_permission is null or exists (
      select from public.member_roles mr
        join public.roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
        where mr.organization_id = m.organization_id and mr.member_id = m.id and r.scope = 'organization'
          and case when r.system then r.key = any (p_system_roles) else p_permission = any (r.permissions) end
    ) as permitted
    into v_member
    from public.members m join public.organizations o on o.id = m.organization_id
    where m.organization_id = p_organization and m.user_id = p_user and m.status <> 'removed'
      and (o.deleted_at is null or o.deleted_at > now() - c_restorable);
  if not found then
    raise exception using errcode = 'TN404', message = 'not_found';
  elsif v_member.suspended_at is not null then
    raise exception using errcode = 'TN403', message = 'organization_suspended';
  elsif v_member.status = 'suspended' then
    raise exception using errcode = 'TN403', message = 'member_suspended';
  elsif not v_member.permitted then
    raise exception using errcode = 'TN403', message = 'permission_denied';
  end if;
  member_id := v_member.id;

  if p_step_up then
    perform app.enter(p_user, p_session, null, null, '{}', true);
  end if;
  perform set_config('app.organization_id', p_organization::text, true);
end $$;
select app.define_gate('app.enter_even_deleted(uuid, uuid, uuid, text, text[], boolean)');

-- As app.enter, for that one thing. Asks for the session and the account, and whether there is a membership to end.
create function app.enter_even_suspended(p_user uuid, p_session uuid, p_organization uuid, p_step_up boolean, out member_id uuid)
language plpgsql security definer
set search_path = ''
as $$
begin
  perform app.enter(p_user, p_session, null, null, '{}', p_step_up);

  select m.id into member_id
    from public.members m join public.organizations o on o.id = m.organization_id
    where m.organization_id = p_organization and m.user_id = p_user and m.status <> 'removed' and o.deleted_at is null;
  if not found then
    raise exception using errcode = 'TN404', message = 'not_found';
  end if;
  perform set_config('app.organization_id', p_organization::text, true);
end $$;
select app.define_gate('app.enter_even_suspended(uuid, uuid, uuid, boolean)');
