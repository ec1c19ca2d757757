drop function app.decline_invitation(uuid, bytea, inet, text, text, uuid);

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

alter table audit_events drop constraint audit_events_actor_check, no force row level security;
-- As it was written before.
update audit_events set actor_type = 'user' where actor_type = 'anonymous';
alter table audit_events
  drop constraint audit_events_actor_type_check,
  add constraint audit_events_actor_type_check check (actor_type in ('user', 'system')),
  force row level security;
