drop function app.drop_ended_promises(uuid);

create function app.drop_ended_promises(p_role uuid, p_limit integer) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_roles integer;
  v_teams integer;
begin
  delete from public.invitation_roles p
    where p.organization_id = v_organization and p.role_id = p_role and p.invitation_id = any (array(
      select o.invitation_id from public.invitation_roles o join public.invitations i on i.organization_id = o.organization_id and i.id = o.invitation_id
        where o.organization_id = v_organization and o.role_id = p_role and app.invitation_status(i.status, i.expires_at) <> 'pending'
        limit p_limit
    ));
  get diagnostics v_roles = row_count;
  -- Each has all its teams go at once.
  delete from public.invitation_teams p
    where p.organization_id = v_organization and p.role_id = p_role and p.invitation_id = any (array(
      select o.invitation_id from public.invitation_teams o join public.invitations i on i.organization_id = o.organization_id and i.id = o.invitation_id
        where o.organization_id = v_organization and o.role_id = p_role and app.invitation_status(i.status, i.expires_at) <> 'pending'
        limit p_limit
    ));
  get diagnostics v_teams = row_count;
  return v_roles + v_teams = 0;
end $$;
select app.define_gate('app.drop_ended_promises(uuid, integer)');
