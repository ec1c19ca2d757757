drop trigger forget_invitee on users;
drop function app.forget_invitee();
create function app.forget_invitee() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_declined record;
begin
  for v_declined in
    update public.invitations i set status = 'declined'
      where i.email_key = (old.email_key collate pg_c_utf8) and i.status = 'pending' and i.expires_at > now()
      returning i.organization_id, i.id
  loop
    perform app.record_consequence(v_declined.organization_id, 'invitation.declined', 'invitation', v_declined.id, null,
      '{"status": {"from": "pending", "to": "declined"}}', null);
  end loop;
  update public.invitations i set status = 'expired' where i.email_key = (old.email_key collate pg_c_utf8) and i.status = 'pending';
  update public.invitations i set email = null, email_key = '' where i.email_key = (old.email_key collate pg_c_utf8);
  return null;
end $$;
create trigger forget_invitee after update of deleted_at on users for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function app.forget_invitee();
select app.define_gate('app.forget_invitee()');
