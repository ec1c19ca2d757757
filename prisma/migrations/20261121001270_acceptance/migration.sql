-- How an invitation is accepted or declined by somebody who is in no organisation yet: what the gate tells them, and what it does for them.

-- Whether whoever has a mailed token has a user already. Of a token that was not mailed it tells nothing: that proves no address.
create function app.invitee_is_known(p_organization uuid, p_token_hash bytea) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (
    select from public.invitations i join public.users u on u.email_key = i.email_key
      where i.organization_id = p_organization and i.token_hash = p_token_hash and i.mailed
  )
$$;
select app.define_gate('app.invitee_is_known(uuid, bytea)');

-- What the caller is or was invited to, by the address that is theirs now: the one list of invitations that crosses organisations.
create function app.own_invitations() returns table (
  id uuid, version integer, organization_id uuid, organization_name text, organization_slug text, email text, status text,
  roles text[], inviter_name text, message text, created_at timestamptz, expires_at timestamptz
)
language sql stable security definer
set search_path = ''
as $$
  select i.id, i.version, o.id, o.name, o.slug, i.email, app.invitation_status(i.status, i.expires_at),
    array(
      select r.key from public.invitation_roles h
        join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
        where h.organization_id = i.organization_id and h.invitation_id = i.id order by r.key
    ),
    m.name, i.message, i.created_at, i.expires_at
    from public.invitations i
      join public.organizations o on o.id = i.organization_id
      join public.members m on m.organization_id = i.organization_id and m.id = i.inviter_id
    where i.email_key = (select u.email_key from public.users u where u.id = app.user_id()) and o.deleted_at is null
$$;
select app.define_gate('app.own_invitations()');

-- Keeps an invitation of the caller's as it is until the transaction ends, and with it whatever is changed under the organisation's
-- lock: who may do what there, seats, the organisation's own end. What it answers is what is true then; nothing where the
-- organisation has gone, the address is not the caller's any more, or another token took the place of the given one.
create function app.hold_invitation(p_organization uuid, p_invitation uuid, p_token_hash bytea)
  returns table (status text, organization_suspended boolean)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_suspended boolean;
begin
  select o.suspended_at is not null into v_suspended
    from public.organizations o where o.id = p_organization and o.deleted_at is null for no key update;
  if not found then
    return;
  end if;
  return query
    select app.invitation_status(i.status, i.expires_at), v_suspended from public.invitations i
      where i.organization_id = p_organization and i.id = p_invitation
        and (p_token_hash is null or i.token_hash = p_token_hash)
        and i.email_key = (select u.email_key from public.users u where u.id = app.user_id())
      for no key update;
end $$;
select app.define_gate('app.hold_invitation(uuid, uuid, bytea)');

-- What an invitation into the organisation of the scope promises, in it and on each team that is there, beside what whoever has invited
-- holds in that place: nothing, where they have gone or are suspended, or don't see the team any more. Private teams too, of which
-- whoever is about to join sees none.
create function app.promises_of_invitation(p_invitation uuid) returns table (team_id uuid, role_ids uuid[], promised jsonb, held jsonb)
language sql stable security definer
set search_path = ''
as $$
  with invitation as (
    select i.organization_id, i.id, i.inviter_id from public.invitations i
      where i.organization_id = app.organization_id() and i.id = p_invitation
  ), inviter as (
    select m.organization_id, m.id, m.user_id
      from invitation i join public.members m on m.organization_id = i.organization_id and m.id = i.inviter_id
        join public.users u on u.id = m.user_id
      where m.status = 'active' and u.suspended_at is null
  ), role as (
    select r.id, r.key, jsonb_build_object('scope', r.scope, 'key', r.key, 'system', r.system, 'permissions', r.permissions) as definition
      from invitation i join public.roles r on r.organization_id = i.organization_id
  ), held as (
    select coalesce(jsonb_agg(role.definition), '[]') as roles
      from inviter n join public.member_roles h on h.organization_id = n.organization_id and h.member_id = n.id
        join role on role.id = h.role_id
  )
  select null, coalesce(array_agg(role.id), '{}'), coalesce(jsonb_agg(role.definition order by role.key), '[]'), (select roles from held)
    from invitation i join public.invitation_roles p on p.organization_id = i.organization_id and p.invitation_id = i.id
      join role on role.id = p.role_id
  union all
  select t.id, array[role.id], jsonb_build_array(role.definition), coalesce((
      select held.roles || coalesce((
          select jsonb_agg(own.definition) from public.team_members j join role own on own.id = j.role_id
            where j.organization_id = n.organization_id and j.member_id = n.id and j.team_id = any (t.path)
        ), '[]')
        from held, inviter n, app.team_sight(n.organization_id, n.user_id, null) as s
        where not t.secluded or s.sees_all or t.private_path <@ s.entered or t.path && s.overseen
    ), '[]')
    from invitation i join public.invitation_teams p on p.organization_id = i.organization_id and p.invitation_id = i.id
      join public.teams t on t.organization_id = p.organization_id and t.id = p.team_id and t.deleted_at is null
      join role on role.id = p.role_id
$$;
select app.define_gate('app.promises_of_invitation(uuid)');

-- Puts whoever has just accepted an invitation into the teams that it promises and that are there: the policies let nobody into a
-- private team that they don't see yet.
create function app.join_promised_teams(p_invitation uuid) returns table (id uuid, team_id uuid, role text)
language sql security definer
set search_path = ''
as $$
  with joined as (
    insert into public.team_members (organization_id, team_id, member_id, role_id)
      select p.organization_id, p.team_id, i.member_id, p.role_id
        from public.invitations i
          join public.members m on m.organization_id = i.organization_id and m.id = i.member_id and m.user_id = app.user_id()
          join public.invitation_teams p on p.organization_id = i.organization_id and p.invitation_id = i.id
          join public.teams t on t.organization_id = p.organization_id and t.id = p.team_id and t.deleted_at is null
        where i.organization_id = app.organization_id() and i.id = p_invitation and i.status = 'accepted'
        order by p.team_id
      returning organization_id, id, team_id, role_id
  )
  select j.id, j.team_id, r.key from joined j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
    order by j.team_id
$$;
create policy gate_inserts on team_members for insert to tenantry_gate with check (true);
grant insert (organization_id, team_id, member_id, role_id) on team_members to tenantry_gate;
select app.define_gate('app.join_promised_teams(uuid)');

-- Declines for whoever has the token, which may be anybody, and writes that to the organisation's log: they are in no organisation, so
-- the gate does. Answers what the invitation was; null where there is none.
create function app.decline_invitation(
  p_organization uuid, p_token_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
) returns text
language plpgsql security definer
set search_path = ''
as $$
declare
  v_id uuid;
  v_status text;
begin
  select i.id, app.invitation_status(i.status, i.expires_at) into v_id, v_status
    from public.invitations i join public.organizations o on o.id = i.organization_id
    where i.organization_id = p_organization and i.token_hash = p_token_hash and o.deleted_at is null
    for no key update of i;
  if v_status = 'pending' then
    update public.invitations i set status = 'declined' where i.organization_id = p_organization and i.id = v_id;
    insert into public.audit_events (
      organization_id, action, outcome, actor_type, target_type, target_id, changes, ip_address, user_agent, request_id
    ) values (
      p_organization, 'invitation.declined', 'success', 'user', 'invitation', v_id,
      '{"status": {"from": "pending", "to": "declined"}}', p_ip_address, p_user_agent, p_request_id
    );
  end if;
  return v_status;
end $$;
select app.define_gate('app.decline_invitation(uuid, bytea, inet, text, text)');
