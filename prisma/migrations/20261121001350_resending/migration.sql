-- Whoever sends an invitation again invites anew: it is theirs from then on, and promises what they could promise.

-- What may become of an invitation, as before; and who invites changes with the token alone.
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
grant update (inviter_id) on invitations to tenantry_app;

-- Of the teams that an invitation into the organisation of the scope promises, only the given ones are left: whoever sends it again does
-- not see the others, so that the policies keep those from the server.
create function app.narrow_invitation(p_invitation uuid, p_teams uuid[]) returns void
language sql security definer
set search_path = ''
as $$
  delete from public.invitation_teams p
    where p.organization_id = app.organization_id() and p.invitation_id = p_invitation and p.team_id <> all (p_teams)
$$;
create policy gate_deletes on invitation_teams for delete to tenantry_gate using (true);
grant delete on invitation_teams to tenantry_gate;
select app.define_gate('app.narrow_invitation(uuid, uuid[])');
