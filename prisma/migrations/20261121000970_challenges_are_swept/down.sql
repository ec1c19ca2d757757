drop function app.issue_mfa_challenge(bytea, text, integer);
-- Asks the caller, who has proved themselves by the first factor. Those of theirs that are over go.
create function app.issue_mfa_challenge(p_hash bytea, p_method text, p_valid_seconds integer) returns void
language sql security definer
set search_path = ''
as $$
  delete from public.mfa_challenges c where c.user_id = app.user_id() and c.expires_at < clock_timestamp();
  insert into public.mfa_challenges (hash, user_id, method, password_set_at, expires_at)
    values (p_hash, app.user_id(), p_method,
      (select p.changed_at from public.passwords p where p.user_id = app.user_id()),
      clock_timestamp() + make_interval(secs => p_valid_seconds))
$$;
select app.define_gate('app.issue_mfa_challenge(bytea, text, integer)');
