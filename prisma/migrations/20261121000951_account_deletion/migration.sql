-- How an account is deleted: its person leaves every organisation, and then what is theirs is erased.

-- Whether an organisation would be left without an active owner if this member went. Asked under the organisation's lock.
create function app.is_last_owner(p_organization uuid, p_member uuid) returns boolean
language sql stable
set search_path = ''
as $$
  with owners as (
    select m.id from public.members m
      join public.member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
      join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where m.organization_id = p_organization and m.status = 'active' and r.scope = 'organization' and r.system and r.key = 'owner'
  )
  select p_member in (select id from owners) and (select count(*) from owners) = 1
$$;

-- Ends a membership, whoever ends it: the one way out of an organisation. Answers the roles that went with it.
create function app.remove_member(p_organization uuid, p_member uuid) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_roles text[];
begin
  with dropped as (
    delete from public.member_roles h where h.organization_id = p_organization and h.member_id = p_member returning h.role_id
  )
  select coalesce(array_agg(r.key order by r.key), '{}') into v_roles
    from dropped d join public.roles r on r.organization_id = p_organization and r.id = d.role_id;
  update public.members m set status = 'removed' where m.organization_id = p_organization and m.id = p_member;
  return v_roles;
end $$;

-- Only the functions that stand on remove_member end memberships.
create policy gate_updates on members for update to tenantry_gate using (true) with check (true);
grant update (status) on members to tenantry_gate;
create policy gate_deletes on member_roles for delete to tenantry_gate using (true);
grant delete on member_roles to tenantry_gate;
-- The order of locks begins with the organisation.
create policy gate_locks on organizations for update to tenantry_gate using (true) with check (false);
grant update (version) on organizations to tenantry_gate;
-- Whoever leaves all organisations at once is in none of them, so that the gate writes in each log that they left.
create policy gate_inserts on audit_events for insert to tenantry_gate with check (true);
grant insert (organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, changes, ip_address,
  user_agent, request_id, session_id) on audit_events to tenantry_gate;
grant execute on function app.is_last_owner(uuid, uuid), app.remove_member(uuid, uuid) to tenantry_gate;

-- The caller leaves every organisation, with an event in the log of each. Answers the organisations that would be left without an
-- active owner: where there is one, nothing has happened. The organisations are locked first, in one order, so that of two
-- owners who leave at once one stays; and then the caller, so that they join none meanwhile.
create function app.leave_organizations(p_session uuid, p_ip_address inet, p_user_agent text, p_request_id text)
  returns table (slug text)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organizations uuid[];
  v_member record;
  v_roles text[];
begin
  select coalesce(array_agg(l.id), '{}') into v_organizations from (
    select o.id from public.organizations o
      where o.id in (select m.organization_id from public.members m where m.user_id = app.user_id() and m.status <> 'removed')
      order by o.id for no key update
  ) as l;
  perform from public.users u where u.id = app.user_id() for update;
  if exists (
    select from public.members m
      where m.user_id = app.user_id() and m.status <> 'removed' and m.organization_id <> all (v_organizations)
  ) then
    raise exception using errcode = 'serialization_failure', message = 'an organization was joined meanwhile';
  end if;

  return query
    select o.slug from public.members m join public.organizations o on o.id = m.organization_id
      where m.user_id = app.user_id() and m.status <> 'removed' and o.deleted_at is null and app.is_last_owner(o.id, m.id)
      order by o.slug;
  if found then
    return;
  end if;

  for v_member in
    select m.organization_id, m.id, m.status from public.members m
      where m.user_id = app.user_id() and m.status <> 'removed' order by m.organization_id
  loop
    v_roles := app.remove_member(v_member.organization_id, v_member.id);
    insert into public.audit_events (
      organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, changes,
      ip_address, user_agent, request_id, session_id
    ) values (
      v_member.organization_id, 'member.left', 'success', 'user', app.user_id(), v_member.id, 'member', v_member.id,
      jsonb_build_object(
        'status', jsonb_build_object('from', v_member.status, 'to', 'removed'),
        'roles', jsonb_build_object('from', to_jsonb(v_roles), 'to', '[]'::jsonb)
      ),
      p_ip_address, p_user_agent, p_request_id, p_session
    );
  end loop;
end $$;
select app.define_gate('app.leave_organizations(uuid, inet, text, text)');

-- What a deletion erases, and nothing else does.
create policy gate_deletes on passwords for delete to tenantry_gate using (true);
create policy gate_deletes on totp_secrets for delete to tenantry_gate using (true);
create policy gate_deletes on recovery_codes for delete to tenantry_gate using (true);
grant delete on passwords, totp_secrets, recovery_codes to tenantry_gate;
grant update (name, avatar_url, phone, suspended_at, deleted_at) on users to tenantry_gate;

-- Erases what is kept of the caller, who has left every organisation before. Their row and their log stay, with nothing in them that
-- says who they were. The address is anybody's from here on.
create function app.erase_user() returns void
language sql security definer
set search_path = ''
as $$
  delete from public.email_tokens t
    where t.user_id = app.user_id() or t.email_key = (select u.email_key from public.users u where u.id = app.user_id());
  delete from public.kept_answers k where k.user_id = app.user_id();
  delete from public.mfa_challenges c where c.user_id = app.user_id();
  delete from public.second_factor_failures f where f.user_id = app.user_id();
  delete from public.recovery_codes r where r.user_id = app.user_id();
  delete from public.totp_secrets t where t.user_id = app.user_id();
  delete from public.refresh_tokens t where t.user_id = app.user_id();
  delete from public.sessions s where s.user_id = app.user_id();
  delete from public.passwords p where p.user_id = app.user_id();
  update public.users u
    set name = 'deleted user', email = null, email_key = null, avatar_url = null, phone = null, deleted_at = now(),
      suspended_at = coalesce(u.suspended_at, now())
    where u.id = app.user_id()
$$;
select app.define_gate('app.erase_user()');
