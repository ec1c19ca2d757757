-- What the server's role could do past the code that judges it, and can't from here on.

-- Has signing in take a code of a secret of the caller, one of which was right, and spends that code. true for one caller.
create function app.activate_second_factor(p_secret_id uuid, p_step bigint) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  update public.totp_secrets t set activated_at = now(), last_step = p_step
    where t.user_id = app.user_id() and t.id = p_secret_id and t.activated_at is null;
  return found;
end $$;
select app.define_gate('app.activate_second_factor(uuid, bigint)');
grant update (activated_at) on totp_secrets to tenantry_gate;
-- Codes that were spent can't be made good again, nor a secret active by a statement.
revoke update (activated_at, last_step) on totp_secrets from tenantry_app;

-- Nobody is erased who has not left every organisation, by the one function that looks after the last owner and the audit trail.
create function app.refuse_deleted_member() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if exists (select from public.members m where m.user_id = new.id and m.status <> 'removed') then
    raise exception 'members of organizations are not erased';
  end if;
  return new;
end $$;
create trigger refuse_deleted_member before update of deleted_at on users
  for each row when (new.deleted_at is not null and old.deleted_at is null) execute function app.refuse_deleted_member();
-- Last: who makes a trigger has to have its function.
select app.define_gate('app.refuse_deleted_member()');
