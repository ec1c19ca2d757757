-- Wrong passwords of somebody who is signed in count apart: a stranger's keep nobody from proving who they are in their own session.

drop function app.record_failed_sign_in(text, text, bytea, uuid, inet, text, text);
-- Counts a wrong password under p_subject, a keyed hash of the address with where it is tried: before a sign-in, or in a session.
-- Records the attempt in the log of whoever has the address. Answers the seconds for which the subject was blocked already, by
-- attempts judged meanwhile, in which case this one is not judged; 0 otherwise.
-- From the tenth wrong one in 15 minutes on, each blocks the subject twice as long as the one before: 1 s to 15 min.
create function app.record_failed_sign_in(
  p_email_key text, p_action text, p_subject bytea, p_address_hash bytea, p_caller_session uuid, p_ip_address inet, p_user_agent text,
  p_request_id text
) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  c_allowed constant integer := 10;
  c_window constant interval := '15 minutes';
  c_longest_block constant integer := 900;
  v_row public.sign_in_failures;
begin
  if p_action not in ('auth.sign_in_failed', 'auth.step_up_failed', 'user.password_change_failed', 'user.email_change_failed') then
    raise exception 'no attempt has the action %', p_action;
  end if;
  -- Updates nothing, but holds the row: attempts on one address are judged one after the other.
  insert into public.sign_in_failures as f (address_hash, failures, window_started_at, blocked_until)
    values (p_subject, 0, clock_timestamp(), '-infinity')
    on conflict (address_hash) do update set failures = f.failures
    returning * into v_row;
  if v_row.blocked_until > clock_timestamp() then
    return ceil(extract(epoch from v_row.blocked_until - clock_timestamp()));
  end if;

  if v_row.window_started_at < clock_timestamp() - c_window then
    v_row.failures := 0;
    v_row.window_started_at := clock_timestamp();
  end if;
  v_row.failures := v_row.failures + 1;
  if v_row.failures >= c_allowed then
    v_row.blocked_until := clock_timestamp()
      + make_interval(secs => least(c_longest_block, 2 ^ least(v_row.failures - c_allowed, 10)));
  end if;
  update public.sign_in_failures f
    set failures = v_row.failures, window_started_at = v_row.window_started_at, blocked_until = v_row.blocked_until
    where f.address_hash = p_subject;

  insert into public.security_events
    (user_id, action, outcome, address_hash, caller_session_id, ip_address, user_agent, request_id)
    values ((select u.id from public.users u where u.email_key = p_email_key), p_action, 'failure',
      p_address_hash, p_caller_session, p_ip_address, p_user_agent, p_request_id);
  return 0;
end $$;
select app.define_gate('app.record_failed_sign_in(text, text, bytea, bytea, uuid, inet, text, text)');
