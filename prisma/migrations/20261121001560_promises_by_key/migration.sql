-- Whoever accepts has the roles looked up that are promised, and those that whoever invited holds, and no other of the organisation's.

drop function app.promises_of_invitation(uuid);

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
      from invitation i join public.roles r on r.organization_id = i.organization_id and r.id = any (array(
        select p.role_id from invitation i join public.invitation_roles p on p.organization_id = i.organization_id and p.invitation_id = i.id
        union all
        select p.role_id from invitation i join public.invitation_teams p on p.organization_id = i.organization_id and p.invitation_id = i.id
        union all
        select h.role_id from inviter n join public.member_roles h on h.organization_id = n.organization_id and h.member_id = n.id
        union all
        select j.role_id from inviter n join public.team_members j on j.organization_id = n.organization_id and j.member_id = n.id
      ))
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
