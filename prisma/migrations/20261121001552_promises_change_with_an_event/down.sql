drop function app.reassign_role(uuid, uuid, integer);
create policy gate_reassigns on ownership_transfers for update to tenantry_gate using (status = 'pending') with check (status = 'pending');
grant update (keep_role) on ownership_transfers to tenantry_gate;

-- Gives so many of those who hold a role of the scope's organisation another one of its scope, each with an event as the doing of whoever
-- deletes it; once nobody holds it, those who are promised it; and last, whoever is to keep it. Answers whether that was all.
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
  v_scope text;
  v_from text;
  v_to text;
  v_members integer;
  v_team_members integer;
  v_promises integer;
begin
  select r.scope, r.key, t.key into strict v_scope, v_from, v_to
    from public.roles r join public.roles t on t.organization_id = r.organization_id and t.scope = r.scope and t.id <> r.id
    where r.organization_id = v_organization and r.id = p_role and t.id = p_target;

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
  ), twice as materialized (
    select p.invitation_id from promise o join public.invitation_roles p
      on p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.role_id = p_target
  ), given as (
    update public.invitation_roles p set role_id = p_target from promise o
      where p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.role_id = p_role
        and o.invitation_id not in (select t.invitation_id from twice t)
  ), taken as (
    delete from public.invitation_roles p using twice t
      where p.organization_id = v_organization and p.invitation_id = t.invitation_id and p.role_id = p_role
  ), place as materialized (
    select p.invitation_id, p.team_id from public.invitation_teams p
      where p.organization_id = v_organization and p.role_id = p_role limit p_limit
  ), moved as (
    update public.invitation_teams p set role_id = p_target from place o
      where p.organization_id = v_organization and p.invitation_id = o.invitation_id and p.team_id = o.team_id
  )
  update public.invitations i set status = i.status
    where i.organization_id = v_organization
      and i.id in (select o.invitation_id from promise o union select o.invitation_id from place o);
  get diagnostics v_promises = row_count;
  if v_promises > 0 then
    return false;
  end if;

  update public.ownership_transfers t set keep_role = v_to
    where t.organization_id = v_organization and t.status = 'pending' and t.keep_role = v_from and v_scope = 'organization';
  return true;
end $$;
select app.define_gate('app.reassign_role(uuid, uuid, integer)');
