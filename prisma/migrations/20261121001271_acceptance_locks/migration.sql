-- Whoever accepts while their account is being deleted waits for that before they take the invitation, which the deletion takes last:
-- in the other order the two would wait for each other.
drop function app.hold_invitation(uuid, uuid, bytea);

-- Keeps an invitation of the caller's as it is until the transaction ends, and with it whatever is changed under the organisation's
-- lock: who may do what there, seats, the organisation's own end; and whose address it is. What it answers is what is true then; nothing
-- where the organisation has gone, the address is not the caller's any more, or another token took the place of the given one.
create function app.hold_invitation(p_organization uuid, p_invitation uuid, p_token_hash bytea)
  returns table (status text, organization_suspended boolean)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_suspended boolean;
  v_email_key text;
begin
  select o.suspended_at is not null into v_suspended
    from public.organizations o where o.id = p_organization and o.deleted_at is null for no key update;
  if not found then
    return;
  end if;
  select u.email_key into v_email_key from public.users u where u.id = app.user_id() for share;
  return query
    select app.invitation_status(i.status, i.expires_at), v_suspended from public.invitations i
      where i.organization_id = p_organization and i.id = p_invitation
        and (p_token_hash is null or i.token_hash = p_token_hash) and i.email_key = v_email_key collate pg_c_utf8
      for no key update;
end $$;
select app.define_gate('app.hold_invitation(uuid, uuid, bytea)');
