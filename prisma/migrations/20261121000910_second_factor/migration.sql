-- A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who has lost that.

-- The secret that a person's app shares with us. Until activated_at it was shown and proves nothing.
create table totp_secrets (
  user_id uuid primary key default app.user_id() references users (id),
  -- Tells this secret from the next one of the same person.
  id uuid not null default uuidv7(),
  created_at timestamptz(6) not null default now(),
  activated_at timestamptz(6),
  -- The time step of the newest code that was taken: no code is taken twice, and none after a newer one.
  last_step bigint,
  constraint totp_secrets_activated_check check ((activated_at is null) = (last_step is null))
);
-- A person's secret is their own.
select app.protect_table('totp_secrets', 'user', 'user_id');
select app.add_encrypted_column('totp_secrets', 'secret');
alter table totp_secrets alter column secret set not null;
grant select, insert (secret), update (id, secret, created_at, activated_at, last_step), delete on totp_secrets
  to tenantry_app;

-- Codes that work once each. Short enough to type, so they are hashed as passwords are (ASVS 5.0, 6.5.2); the number, which is
-- part of a code, says which of a person's hashes it has to match.
create table recovery_codes (
  user_id uuid not null default app.user_id() references users (id),
  number smallint not null check (number between 0 and 9),
  hash text not null check (hash like '$argon2id$%'),
  used_at timestamptz(6),
  primary key (user_id, number)
);
-- A person's codes are their own.
select app.protect_table('recovery_codes', 'user', 'user_id');
grant select, insert (number, hash), delete on recovery_codes to tenantry_app;

-- Wrong codes of a person, wherever they were tried, so that guessing is slowed on every server.
create table second_factor_failures (
  user_id uuid primary key references users (id),
  failures integer not null,
  last_failed_at timestamptz(6) not null,
  blocked_until timestamptz(6) not null
);
alter table second_factor_failures enable row level security;
alter table second_factor_failures force row level security;
-- Only the functions below count and forgive.
create policy gate_all on second_factor_failures to tenantry_gate using (true) with check (true);
grant select, insert, update, delete on second_factor_failures to tenantry_gate;

-- Only app.accept_second_factor spends a code.
create policy gate_reads on totp_secrets for select to tenantry_gate using (true);
create policy gate_updates on totp_secrets for update to tenantry_gate using (true) with check (true);
grant select (user_id, id, activated_at, last_step), update (last_step) on totp_secrets to tenantry_gate;
create policy gate_reads on recovery_codes for select to tenantry_gate using (true);
create policy gate_updates on recovery_codes for update to tenantry_gate using (true) with check (true);
grant select, update (used_at) on recovery_codes to tenantry_gate;

-- Seconds for which no code of the person is judged; 0 for none.
create function app.second_factor_wait(p_user uuid) returns integer
language sql volatile security definer
set search_path = ''
as $$
  select coalesce((
    select greatest(0, ceil(extract(epoch from f.blocked_until - clock_timestamp())))::integer
      from public.second_factor_failures f where f.user_id = p_user
  ), 0)
$$;
select app.define_gate('app.second_factor_wait(uuid)');

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
