-- An event is of somebody who is known, of the system, or of somebody who is not known: `user` has an id, and nothing else has one. What
-- was written before stays as it was.
alter table audit_events
  drop constraint audit_events_actor_type_check,
  add constraint audit_events_actor_type_check check (actor_type in ('user', 'system', 'anonymous')),
  add constraint audit_events_actor_check check ((actor_type = 'user') = (actor_id is not null)) not valid;

drop function app.decline_invitation(uuid, bytea, inet, text, text);

-- Declines for whoever has the token, which may be anybody, and writes that to the organisation's log, with who it was where they are
-- signed in: they are in no organisation, so the gate does. Answers what the invitation was; null where there is none.
create function app.decline_invitation(
  p_organization uuid, p_token_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text, p_session_id uuid
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
      organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, changes, ip_address, user_agent,
      request_id, session_id
    ) values (
      p_organization, 'invitation.declined', 'success', case when app.user_id() is null then 'anonymous' else 'user' end, app.user_id(),
      (select m.id from public.members m
        where m.organization_id = p_organization and m.user_id = app.user_id() and m.status <> 'removed'),
      'invitation', v_id,
      '{"status": {"from": "pending", "to": "declined"}}', p_ip_address, p_user_agent, p_request_id,
      p_session_id
    );
  end if;
  return v_status;
end $$;
select app.define_gate('app.decline_invitation(uuid, bytea, inet, text, text, uuid)');
