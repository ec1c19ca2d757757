drop function app.record_failed_sign_in, app.find_credentials, app.use_email_token, app.is_fresh,
  app.set_password, app.hold_password;
drop policy gate_inserts on passwords;
revoke select (changed_at), insert (user_id, hash), update (changed_at) on passwords from tenantry_gate;
revoke select (user_id) on passwords from tenantry_app;
delete from email_tokens where purpose = 'reset_password';
alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check check (purpose in ('verify_email', 'magic_link'));
create function app.use_email_token(p_hash bytea, p_purpose text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  update public.email_tokens t set used_at = now()
    where t.hash = p_hash and t.purpose = p_purpose and t.used_at is null and t.expires_at > now();
  return found;
end $$;
select app.define_gate('app.use_email_token(bytea, text)');
create function app.find_credentials(
  p_email_key text, p_address_hash bytea, out user_id uuid, out password_hash text, out retry_after integer
)
language sql stable security definer
set search_path = ''
as $$
  select u.id, p.hash,
    coalesce((
      select greatest(0, ceil(extract(epoch from f.blocked_until - now())))::integer
        from public.sign_in_failures f where f.address_hash = p_address_hash
    ), 0)
    from (values (1)) as always (one)
    left join public.users u on u.email_key = p_email_key and u.suspended_at is null
    left join public.passwords p on p.user_id = u.id
$$;
select app.define_gate('app.find_credentials(text, bytea)');
create function app.record_failed_sign_in(
  p_email_key text, p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
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
  -- Updates nothing, but holds the row: attempts on one address are judged one after the other.
  insert into public.sign_in_failures as f (address_hash, failures, window_started_at, blocked_until)
    values (p_address_hash, 0, clock_timestamp(), '-infinity')
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
    where f.address_hash = p_address_hash;

  insert into public.security_events
    (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values ((select u.id from public.users u where u.email_key = p_email_key), 'auth.sign_in_failed', 'failure',
      p_address_hash, p_ip_address, p_user_agent, p_request_id);
  return 0;
end $$;
select app.define_gate('app.record_failed_sign_in(text, bytea, inet, text, text)');
