-- A code of a second factor is counted before it is judged: of many at once ten are, and a right one among the others is not taken.

drop function app.count_failed_second_factor(), app.accept_second_factor(uuid, bigint, text);

-- Takes one of the tries that the caller has, before its code is judged. Answers the seconds for which they are blocked by those that
-- were taken before, in which case there is none to take; 0 otherwise. From the tenth on, each blocks twice as long as the one
-- before: 1 s to 15 min. A right code forgets them, and so does a day without one: six digits are few, and a count that began
-- anew with every quarter of an hour would let half a million be tried in a year.
create function app.claim_second_factor_attempt() returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  c_allowed constant integer := 10;
  c_remembered constant interval := '1 day';
  c_longest_block constant integer := 900;
  v_row public.second_factor_failures;
begin
  -- Updates nothing, but holds the row: attempts of one person are judged one after the other.
  insert into public.second_factor_failures as f (user_id, failures, last_failed_at, blocked_until)
    values (app.user_id(), 0, clock_timestamp(), '-infinity')
    on conflict (user_id) do update set failures = f.failures
    returning * into v_row;
  if v_row.blocked_until > clock_timestamp() then
    return ceil(extract(epoch from v_row.blocked_until - clock_timestamp()));
  end if;

  if v_row.last_failed_at < clock_timestamp() - c_remembered then
    v_row.failures := 0;
  end if;
  v_row.failures := v_row.failures + 1;
  if v_row.failures >= c_allowed then
    v_row.blocked_until := clock_timestamp()
      + make_interval(secs => least(c_longest_block, 2 ^ least(v_row.failures - c_allowed, 10)));
  end if;
  update public.second_factor_failures f
    set failures = v_row.failures, last_failed_at = clock_timestamp(), blocked_until = v_row.blocked_until
    where f.user_id = app.user_id();
  return 0;
end $$;
select app.define_gate('app.claim_second_factor_attempt()');


-- Forgets the tries of the caller, one of which was right. Sent with the commit of what it proved: a row that was locked until
-- then would have other tries wait.
create function app.forget_second_factor_attempts() returns void
language sql security definer
set search_path = ''
as $$ delete from public.second_factor_failures f where f.user_id = app.user_id() $$;
select app.define_gate('app.forget_second_factor_attempts()');

-- Spends a code of the caller that was right: the time step of a TOTP under a secret, or a recovery code by its hash. true for one
-- caller, ever, and not for a code that is older than one that was taken.
create function app.accept_second_factor(p_secret_id uuid, p_step bigint, p_recovery_hash text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  if p_recovery_hash is null then
    update public.totp_secrets t set last_step = p_step
      where t.user_id = app.user_id() and t.id = p_secret_id and t.last_step < p_step;
  else
    update public.recovery_codes r set used_at = clock_timestamp()
      where r.user_id = app.user_id() and r.hash = p_recovery_hash and r.used_at is null;
  end if;
  return found;
end $$;
select app.define_gate('app.accept_second_factor(uuid, bigint, text)');
