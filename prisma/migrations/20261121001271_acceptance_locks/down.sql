drop function app.hold_invitation(uuid, uuid, bytea);

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
