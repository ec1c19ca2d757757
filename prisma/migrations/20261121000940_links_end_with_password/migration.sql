-- A new password ends what the old one began, and what somebody may still begin who has read the mailbox: the links that wait there.
-- Whoever uses one at this moment comes first, and the session that it begins is there to be ended.
create function app.void_email_tokens() returns void
language sql security definer
set search_path = ''
as $$
  update public.email_tokens t set used_at = clock_timestamp()
    where t.used_at is null and t.user_id is null
      and t.email_key = (select u.email_key from public.users u where u.id = app.user_id())
$$;
select app.define_gate('app.void_email_tokens()');
