drop function app.change_email(bytea);
-- Spends a token of the caller's and gives them the address, in one. Answers the address before; null, and it is for the caller to undo
-- all of it, where the token is spent, expired or void, or somebody else has got the address. The links that were sent to
-- the address before are void from here on.
create function app.change_email(p_hash bytea) returns text
language plpgsql security definer
set search_path = ''
as $$
declare
  v_user record;
  v_new record;
begin
  select u.email, u.email_key into v_user from public.users u
    where u.id = app.user_id() and u.suspended_at is null for update;
  update public.email_tokens t set used_at = clock_timestamp()
    where t.hash = p_hash and t.user_id = app.user_id() and t.previous_email_key = v_user.email_key
      and t.used_at is null and t.expires_at > clock_timestamp()
      and exists (
        select from public.sessions s
          where s.user_id = t.user_id and s.id = t.session_id and s.ended_at is null and s.expires_at > clock_timestamp()
      )
    returning t.email, t.email_key into v_new;
  if not found then
    return null;
  end if;
  begin
    update public.users u set email = v_new.email, email_key = v_new.email_key where u.id = app.user_id();
  exception when unique_violation then
    return null;
  end;
  update public.email_tokens t set used_at = clock_timestamp()
    where t.used_at is null and (t.email_key = v_user.email_key or t.user_id = app.user_id());
  return v_user.email;
end $$;
select app.define_gate('app.change_email(bytea)');
drop function app.void_mfa_challenges();
