revoke insert (team_id) on audit_events from tenantry_app;
drop function app.enter_even_deleted_team, app.enter;

-- Goes first in every group of statements: lets the caller into their own scope (no organisation) or into an
-- organisation's, and sets that scope for the rest of the transaction. Answers the caller's member id there.
-- Raises TN401, TN404 or TN403 (the message is the problem's code), which aborts what follows in the group.
-- p_system_roles names the system roles that hold p_permission: the catalogue in code knows, this function need not.
-- p_step_up: the session's person has to have proved lately who they are. Left out by a server of before.
create function app.enter(
  p_user uuid, p_session uuid, p_organization uuid, p_permission text, p_system_roles text[],
  p_step_up boolean default false, out member_id uuid
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
select app.define_gate('app.enter(uuid, uuid, uuid, text, text[], boolean)');

drop function app.admit_to_team;
