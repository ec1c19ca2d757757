-- A deletion holds up nobody who is not concerned, and stands in the way of no refresh.

drop function app.erase_user();
-- Erases what is kept of the caller, who has left every organisation before. Their row and their log stay, with nothing in them that
-- says who they were. The address is anybody's from here on. The sessions' rows come first, as wherever one is refreshed or
-- ended: who is at that gets done, and whoever comes later finds none. Links are found by one index each: of one account there
-- may be more than of all others together.
create function app.erase_user() returns void
language plpgsql security definer
set search_path = ''
as $$
declare
  v_user constant uuid := app.user_id();
  v_email_key text;
begin
  perform from public.sessions s where s.user_id = v_user order by s.id for update;
  select u.email_key into v_email_key from public.users u where u.id = v_user for update;
  delete from public.email_tokens t where t.user_id = v_user;
  delete from public.email_tokens t where t.email_key = v_email_key;
  delete from public.kept_answers k where k.user_id = v_user;
  delete from public.mfa_challenges c where c.user_id = v_user;
  delete from public.second_factor_failures f where f.user_id = v_user;
  delete from public.recovery_codes r where r.user_id = v_user;
  delete from public.totp_secrets t where t.user_id = v_user;
  delete from public.refresh_tokens t where t.user_id = v_user;
  delete from public.sessions s where s.user_id = v_user;
  delete from public.passwords p where p.user_id = v_user;
  update public.users u
    set name = 'deleted user', email = null, email_key = null, avatar_url = null, phone = null, deleted_at = now(),
      suspended_at = coalesce(u.suspended_at, now())
    where u.id = v_user;
end $$;
select app.define_gate('app.erase_user()');
