-- How an organisation is deleted, and comes back within 30 days. Deleted, it is not there for anybody: app.enter lets nobody in.

-- A deletion is a date, and its restoration the end of that.
grant update (deleted_at) on organizations to tenantry_app;

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
