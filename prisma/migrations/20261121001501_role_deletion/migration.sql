-- How a role is deleted: also where those hold it, or are promised it, of whom whoever deletes it sees nothing, such as on private
-- teams. So the gate does it.

create policy gate_reassigns on member_roles for update to tenantry_gate using (true) with check (true);
create policy gate_reassigns on invitation_roles for update to tenantry_gate using (true) with check (true);
create policy gate_reassigns on invitation_teams for update to tenantry_gate using (true) with check (true);
grant update (role_id) on member_roles, team_members, invitation_roles, invitation_teams to tenantry_gate;

-- What is promised in place of a role that goes is the word of whoever put it there. What an owner keeps in place of ownership is theirs to
-- say: nothing changes that for them.

-- What may become of an invitation, as before; who invites changes with the token, or by the gate with what is promised.
create or replace function app.keep_invitation_state() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  c_resends constant integer := 5;
  c_window constant interval := '1 day';
begin
  if tg_op = 'INSERT' then
    new.status := 'pending';
    new.expires_at := now() + make_interval(days => new.valid_days);
    return new;
  end if;

  if new.token_hash <> old.token_hash then
    if old.status not in ('pending', 'expired') then
      raise exception using errcode = 'check_violation', message = 'an invitation that is over is not sent again';
    end if;
    new.resent_at := array(select t from unnest(old.resent_at) t where t > now() - c_window order by t) || now();
    if cardinality(new.resent_at) > c_resends then
      raise exception using errcode = 'check_violation', message = 'the invitation was sent too often';
    end if;
    new.status := 'pending';
    new.expires_at := now() + make_interval(days => new.valid_days);
  elsif new.mailed <> old.mailed or new.inviter_id <> old.inviter_id and current_user <> 'tenantry_gate' then
    raise exception using errcode = 'check_violation', message = 'it is the token that is mailed or not, and that is of somebody';
  elsif new.status <> old.status and not (
    old.status = 'pending' and case when new.status = 'expired' then old.expires_at <= now() else old.expires_at > now() end
  ) then
    raise exception using errcode = 'check_violation', message = 'an invitation that is over stays what it is';
  end if;
  return new;
end $$;
grant update (inviter_id) on invitations to tenantry_gate;

-- Of the scope's organisation. An invitation that is over keeps nobody from deleting what it promised.
create function app.drop_ended_promises(p_role uuid) returns void
language sql security definer
set search_path = ''
as $$
  delete from public.invitation_roles p using public.invitations i
    where p.organization_id = (select app.organization_id()) and p.role_id = p_role
      and i.organization_id = p.organization_id and i.id = p.invitation_id
      and app.invitation_status(i.status, i.expires_at) <> 'pending';
  delete from public.invitation_teams p using public.invitations i
    where p.organization_id = (select app.organization_id()) and p.role_id = p_role
      and i.organization_id = p.organization_id and i.id = p.invitation_id
      and app.invitation_status(i.status, i.expires_at) <> 'pending';
$$;
select app.define_gate('app.drop_ended_promises(uuid)');

-- Whether somebody holds a role of the scope's organisation, is promised it by an invitation that is not over, or keeps it in place of
-- ownership. One that is held on a deleted team is in use: the team may come back.
create function app.role_in_use(p_role uuid) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (select from public.member_roles h where h.organization_id = app.organization_id() and h.role_id = p_role)
    or exists (select from public.team_members h where h.organization_id = app.organization_id() and h.role_id = p_role)
    or exists (
      select from public.invitation_roles p join public.invitations i on i.organization_id = p.organization_id and i.id = p.invitation_id
        where p.organization_id = app.organization_id() and p.role_id = p_role and app.invitation_status(i.status, i.expires_at) = 'pending'
    )
    or exists (
      select from public.invitation_teams p join public.invitations i on i.organization_id = p.organization_id and i.id = p.invitation_id
        where p.organization_id = app.organization_id() and p.role_id = p_role and app.invitation_status(i.status, i.expires_at) = 'pending'
    )
    or exists (
      select from public.ownership_transfers t join public.roles r on r.organization_id = t.organization_id and r.key = t.keep_role
        where t.organization_id = app.organization_id() and t.status = 'pending' and r.scope = 'organization' and r.id = p_role
    )
$$;
select app.define_gate('app.role_in_use(uuid)');

-- Gives so many of those who hold a role that the scope's organisation has made another one of its scope, each with an event as the doing of
-- whoever deletes it; and once nobody holds it, those who are promised it, with an event for each invitation, which is from then on that
-- one's: acceptance judges what they may give. Answers whether that was all.
create function app.reassign_role(p_role uuid, p_target uuid, p_limit integer) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_actor_member constant uuid := (
    select m.id from public.members m
      where m.organization_id = v_organization and m.user_id = app.user_id() and m.status <> 'removed'
  );
  v_from text;
  v_to text;
  v_members integer;
  v_team_members integer;
  v_invitations integer;
  v_invitations_to_teams integer;
begin
  select r.key, t.key into strict v_from, v_to
    from public.roles r join public.roles t on t.organization_id = r.organization_id and t.scope = r.scope and t.id <> r.id
    where r.organization_id = v_organization and r.id = p_role and not r.system and t.id = p_target;

  -- Of members and teams one is held by nobody: a role has one scope.
  with holder as materialized (
    select h.member_id from public.member_roles h where h.organization_id = v_organization and h.role_id = p_role limit p_limit
  ), held as materialized (
    select o.member_id, array_agg(r.key::text order by r.key) as keys
      from holder o join public.member_roles h on h.organization_id = v_organization and h.member_id = o.member_id
        join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
      group by o.member_id
  ), given as (
    update public.member_roles h set role_id = p_target from held o
      where h.organization_id = v_organization and h.member_id = o.member_id and h.role_id = p_role and v_to <> all (o.keys)
  ), taken as (
    delete from public.member_roles h using held o
      where h.organization_id = v_organization and h.member_id = o.member_id and h.role_id = p_role and v_to = any (o.keys)
  ), changed as (
    update public.members m set status = m.status from held o
      where m.organization_id = v_organization and m.id = o.member_id
      returning m.id, o.keys, array(
        select k from unnest(array_remove(o.keys, v_from) || case when v_to = any (o.keys) then '{}' else array[v_to] end) as k
          order by k collate pg_c_utf8
      ) as new_keys
  )
  select app.record_consequences(v_organization, 'member.updated', 'member', array_agg(c.id), array_agg(null::uuid), array_agg(
      jsonb_build_object('roles', jsonb_build_object('from', to_jsonb(c.keys), 'to', to_jsonb(c.new_keys)))), v_actor_member)
    into v_members from changed c;

  with changed as (
    update public.team_members t set role_id = p_target
      where t.organization_id = v_organization and t.id = any (array(
        select h.id from public.team_members h where h.organization_id = v_organization and h.role_id = p_role limit p_limit
      ))
      returning t.id, t.team_id
  )
  select app.record_consequences(v_organization, 'team_member.updated', 'team_member', array_agg(c.id), array_agg(c.team_id), array_agg(
      jsonb_build_object('role', jsonb_build_object('from', v_from, 'to', v_to))), v_actor_member)
    into v_team_members from changed c;

  if v_members + v_team_members > 0 then
    return false;
  end if;

  with promise as materialized (
    select p.invitation_id from public.invitation_roles p where p.organization_id = v_organization and p.role_id = p_role limit p_limit
  ), promised as materialized (
    select o.invitation_id, array_agg(r.key::text order by r.key) as keys
      from promise o join public.invitation_roles p on p.organization_id = v_organization and p.invitation_id = o.invitation_id
        join public.roles r on r.organization_id = p.organization_id and r.id = p.role_id
      group by o.invitation_id
  ), given as (
    update public.invitation_roles p set role_id = p_target from promised o
      where p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.role_id = p_role and v_to <> all (o.keys)
  ), taken as (
    delete from public.invitation_roles p using promised o
      where p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.role_id = p_role and v_to = any (o.keys)
  ), changed as (
    update public.invitations i set inviter_id = v_actor_member from promised o
      where i.organization_id = v_organization and i.id = o.invitation_id
      returning i.id, o.keys, array(
        select k from unnest(array_remove(o.keys, v_from) || case when v_to = any (o.keys) then '{}' else array[v_to] end) as k
          order by k collate pg_c_utf8
      ) as new_keys
  )
  select app.record_consequences(v_organization, 'invitation.updated', 'invitation', array_agg(c.id), array_agg(null::uuid), array_agg(
      jsonb_build_object('roles', jsonb_build_object('from', to_jsonb(c.keys), 'to', to_jsonb(c.new_keys)))), v_actor_member)
    into v_invitations from changed c;

  -- To which teams somebody is invited is not told: whoever reads the log may not see them.
  with promise as materialized (
    select distinct p.invitation_id from public.invitation_teams p
      where p.organization_id = v_organization and p.role_id = p_role limit p_limit
  ), given as (
    update public.invitation_teams p set role_id = p_target from promise o
      where p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.role_id = p_role
  ), changed as (
    update public.invitations i set inviter_id = v_actor_member from promise o
      where i.organization_id = v_organization and i.id = o.invitation_id
      returning i.id
  )
  select app.record_consequences(v_organization, 'invitation.updated', 'invitation', array_agg(c.id), array_agg(null::uuid), array_agg(
      '{"teams": {"changed": true}}'::jsonb), v_actor_member)
    into v_invitations_to_teams from changed c;

  return v_invitations + v_invitations_to_teams = 0;
end $$;
select app.define_gate('app.reassign_role(uuid, uuid, integer)');
