drop function app.claim_second_factor_attempt(), app.forget_second_factor_attempts(),
  app.accept_second_factor(uuid, bigint, text);

-- Counts a wrong code of the caller. Answers the seconds for which they were blocked
-- already, by attempts judged meanwhile, in which case this one is not judged; 0 otherwise. From the tenth wrong one on, each
-- blocks twice as long as the one before: 1 s to 15 min. A day without one, or a right one, and the count begins anew: six
-- digits are few, and a count that began anew with every quarter of an hour would let half a million be tried in a year.
create function app.count_failed_second_factor() returns integer
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
select app.define_gate('app.count_failed_second_factor()');

-- Spends a code of the caller that was right: the time step of a TOTP under a secret, or a recovery code by its hash. accepted: so
-- it is for one caller, ever, and not for a code that is older than one that was taken. retry_after: seconds for which they are
-- blocked, in which case the caller undoes it: of many guesses at once, a right one that was not among the first ten is refused
-- as well. The count is not touched for a code that is not accepted: that is counted on another connection, which would wait.
create function app.accept_second_factor(
  p_secret_id uuid, p_step bigint, p_recovery_hash text, out accepted boolean, out retry_after integer
)
language plpgsql security definer
set search_path = ''
as $$
begin
  retry_after := 0;
  if p_recovery_hash is null then
    update public.totp_secrets t set last_step = p_step
      where t.user_id = app.user_id() and t.id = p_secret_id and t.last_step < p_step;
  else
    update public.recovery_codes r set used_at = clock_timestamp()
      where r.user_id = app.user_id() and r.hash = p_recovery_hash and r.used_at is null;
  end if;
  accepted := found;
  if accepted then
    perform from public.second_factor_failures f where f.user_id = app.user_id() for update;
    retry_after := app.second_factor_wait(app.user_id());
    delete from public.second_factor_failures f where f.user_id = app.user_id() and retry_after = 0;
  end if;
end $$;
select app.define_gate('app.accept_second_factor(uuid, bigint, text)');
