-- Passwords that change: by a mailed link where one is forgotten, by the old one otherwise.

alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check
  check (purpose in ('verify_email', 'magic_link', 'reset_password'));

-- A person can tell whether they made the row. The hash is still nobody's to read, and the time nobody's to set.
grant select (user_id) on passwords to tenantry_app;
grant select (changed_at), insert (user_id, hash), update (changed_at) on passwords to tenantry_gate;
-- Only the functions below set another password.
create policy gate_inserts on passwords for insert to tenantry_gate with check (true);

-- Keeps the caller's password as it is until the end of the transaction: false where it is not the one of that time any more.
create function app.hold_password(p_set_at timestamptz) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  perform from public.passwords p where p.user_id = app.user_id() and p.changed_at = p_set_at for no key update;
  return found;
end $$;
select app.define_gate('app.hold_password(timestamptz)');

-- Sets the caller's password, whatever there was.
create function app.set_password(p_hash text) returns void
language sql security definer
set search_path = ''
as $$
  insert into public.passwords (user_id, hash) values (app.user_id(), p_hash)
    on conflict (user_id) do update set hash = p_hash, changed_at = clock_timestamp()
$$;
select app.define_gate('app.set_password(text)');

-- Whether a person proved who they are so lately that they may do what is sensitive.
create function app.is_fresh(p_authenticated_at timestamptz) returns boolean
language sql stable
set search_path = ''
as $$ select p_authenticated_at > clock_timestamp() - interval '10 minutes' $$;
grant execute on function app.is_fresh(timestamptz) to tenantry_app;

drop function app.use_email_token(bytea, text), app.find_credentials(text, bytea),
  app.record_failed_sign_in(text, bytea, inet, text, text);

-- Spends a token: true for one caller, whatever races. A password that was reset by one link can't be by another that was
-- asked for before.
create function app.use_email_token(p_hash bytea, p_purpose text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  v_email_key text;
begin
  update public.email_tokens t set used_at = now()
    where t.hash = p_hash and t.purpose = p_purpose and t.used_at is null and t.expires_at > now()
    returning t.email_key into v_email_key;
  if not found then
    return false;
  end if;
  if p_purpose = 'reset_password' then
    update public.email_tokens t set used_at = now()
      where t.email_key = v_email_key and t.purpose = p_purpose and t.used_at is null;
  end if;
  return true;
end $$;
select app.define_gate('app.use_email_token(bytea, text)');

-- What there is to compare a password with; always one row, of nulls where the address is unknown, the person is
-- suspended or has no password. password_set_at tells this password from the next one.
-- retry_after: seconds for which no attempt on this address is judged; 0 for none.
create function app.find_credentials(
  p_email_key text, p_address_hash bytea,
  out user_id uuid, out password_hash text, out password_set_at text, out retry_after integer
)
language sql stable security definer
set search_path = ''
as $$
  select u.id, p.hash, p.changed_at::text,
    coalesce((
      select greatest(0, ceil(extract(epoch from f.blocked_until - now())))::integer
        from public.sign_in_failures f where f.address_hash = p_address_hash
    ), 0)
    from (values (1)) as always (one)
    left join public.users u on u.email_key = p_email_key and u.suspended_at is null
    left join public.passwords p on p.user_id = u.id
$$;
select app.define_gate('app.find_credentials(text, bytea)');

-- Counts a wrong password and records the attempt in the log of whoever has the address. Answers the seconds for which
-- the address was blocked already, by attempts judged meanwhile, in which case this one is not judged; 0 otherwise.
-- From the tenth wrong one in 15 minutes on, each blocks the address twice as long as the one before: 1 s to 15 min.
create function app.record_failed_sign_in(
  p_email_key text, p_action text, p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
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
    values ((select u.id from public.users u where u.email_key = p_email_key), p_action, 'failure',
      p_address_hash, p_ip_address, p_user_agent, p_request_id);
  return 0;
end $$;
select app.define_gate('app.record_failed_sign_in(text, text, bytea, inet, text, text)');
