drop function app.erase_user();
-- Erases what is kept of the caller, who has left every organisation before. Their row and their log stay, with nothing in them that
-- says who they were. The address is anybody's from here on.
create function app.erase_user() returns void
language sql security definer
set search_path = ''
as $$
  delete from public.email_tokens t
    where t.user_id = app.user_id() or t.email_key = (select u.email_key from public.users u where u.id = app.user_id());
  delete from public.kept_answers k where k.user_id = app.user_id();
  delete from public.mfa_challenges c where c.user_id = app.user_id();
  delete from public.second_factor_failures f where f.user_id = app.user_id();
  delete from public.recovery_codes r where r.user_id = app.user_id();
  delete from public.totp_secrets t where t.user_id = app.user_id();
  delete from public.refresh_tokens t where t.user_id = app.user_id();
  delete from public.sessions s where s.user_id = app.user_id();
  delete from public.passwords p where p.user_id = app.user_id();
  update public.users u
    set name = 'deleted user', email = null, email_key = null, avatar_url = null, phone = null, deleted_at = now(),
      suspended_at = coalesce(u.suspended_at, now())
    where u.id = app.user_id()
$$;
select app.define_gate('app.erase_user()');
