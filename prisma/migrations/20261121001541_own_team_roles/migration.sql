-- What the caller holds on these teams or above them, while their membership is active: by a look-up of each team, however many others
-- they are in. The server names none that they do not see.
create function app.own_team_roles(p_teams uuid[]) returns table (team_id uuid, role_id uuid)
language sql stable security definer
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  select t.id, held.role_id
    from public.teams t, unnest(t.path) as above (id), lateral (
      select j.role_id from public.team_members j
        where j.organization_id = (select app.organization_id()) and j.member_id = (select app.active_member()) and j.team_id = above.id
        -- Kept apart: what one is in would else be looked through for all of them.
        offset 0
    ) as held
    where t.organization_id = (select app.organization_id()) and t.id = any (p_teams)
$$;
select app.define_gate('app.own_team_roles(uuid[])');
