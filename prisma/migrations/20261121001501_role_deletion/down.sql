drop function app.reassign_role(uuid, uuid, integer);
drop function app.role_in_use(uuid);
drop function app.drop_ended_promises(uuid);

revoke update (inviter_id) on invitations from tenantry_gate;
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
  elsif new.mailed <> old.mailed or new.inviter_id <> old.inviter_id then
    raise exception using errcode = 'check_violation', message = 'it is the token that is mailed or not, and that is of somebody';
  elsif new.status <> old.status and not (
    old.status = 'pending' and case when new.status = 'expired' then old.expires_at <= now() else old.expires_at > now() end
  ) then
    raise exception using errcode = 'check_violation', message = 'an invitation that is over stays what it is';
  end if;
  return new;
end $$;

revoke update (role_id) on member_roles, team_members, invitation_roles, invitation_teams from tenantry_gate;
drop policy gate_reassigns on invitation_teams;
drop policy gate_reassigns on invitation_roles;
drop policy gate_reassigns on member_roles;
