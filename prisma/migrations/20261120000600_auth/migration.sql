-- Signing in. What is secret stands in tables of its own: the server's role writes a password hash and can't read one
-- back; the gate's functions below are the only way to it. Tokens are kept as SHA-256 hashes, judged by this clock.

-- The password of a person who has one. Not in users, whose rows the server reads.
create table passwords (
  user_id uuid primary key default app.user_id() references users (id),
  hash text not null check (hash like '$argon2id$%'),
  changed_at timestamptz(6) not null default now()
);
-- A person sets their own password, and reads nobody's.
select app.protect_table('passwords', 'user', 'user_id');
grant insert (hash) on passwords to tenantry_app;

-- The refresh tokens of a session: at most one is unspent. Spent ones stay, so that a stolen one is recognised.
create table refresh_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  user_id uuid not null default app.user_id(),
  session_id uuid not null,
  issued_at timestamptz(6) not null default now(),
  -- Who spent it, so that the same client may repeat itself for a moment.
  spent_at timestamptz(6),
  spent_ip_address inet,
  spent_user_agent text check (char_length(spent_user_agent) <= 512),
  foreign key (user_id, session_id) references sessions (user_id, id)
);
-- A chain has one end, whatever races.
create unique index refresh_tokens_user_id_session_id_key on refresh_tokens (user_id, session_id) where spent_at is null;
-- A person's tokens are their own.
select app.protect_table('refresh_tokens', 'user', 'user_id');
grant select, insert (hash, session_id), update (spent_at, spent_ip_address, spent_user_agent) on refresh_tokens
  to tenantry_app;
-- A session lives as long as its newest refresh token.
grant update (expires_at) on sessions to tenantry_app;

-- What a mailed link carries: single-use, bound to its purpose and address. It is nobody's until it is used, so it
-- belongs to the gate alone.
create table email_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  purpose text not null check (purpose in ('verify_email')),
  email text not null check (char_length(email) <= 320),
  email_key text not null check (char_length(email_key) <= 320),
  -- Asked for at registration, for the user that does not exist yet.
  name text not null check (char_length(name) between 1 and 200),
  created_at timestamptz(6) not null default clock_timestamp(),
  expires_at timestamptz(6) not null,
  -- false: beyond the bound, and sent to nobody.
  due boolean not null,
  used_at timestamptz(6)
);
create index email_tokens_email_key_idx on email_tokens (email_key);
alter table email_tokens enable row level security;
alter table email_tokens force row level security;
-- Only the functions below issue, find, use and clear away tokens.
create policy gate_all on email_tokens to tenantry_gate using (true) with check (true);
grant select, insert, update (used_at), delete on email_tokens to tenantry_gate;

-- Wrong passwords by address, known or not, so that guessing is slowed alike on every server. The address is a keyed hash.
create table sign_in_failures (
  address_hash bytea primary key check (octet_length(address_hash) = 32),
  failures integer not null,
  window_started_at timestamptz(6) not null,
  blocked_until timestamptz(6) not null
);
alter table sign_in_failures enable row level security;
alter table sign_in_failures force row level security;
-- Only the functions below count and forgive.
create policy gate_all on sign_in_failures to tenantry_gate using (true) with check (true);
grant select, insert, update, delete on sign_in_failures to tenantry_gate;

-- A person's own log: sign-ins, failed ones, sessions ended, changes of the account. Ids and keyed hashes, never an
-- address, a name or a token. An attempt on an address that nobody has belongs to nobody.
create table security_events (
  id uuid primary key default uuidv7(),
  -- No foreign key: what happened outlives the account.
  user_id uuid default app.user_id(),
  occurred_at timestamptz(6) not null default clock_timestamp(),
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  outcome text not null check (outcome in ('success', 'failure')),
  session_id uuid,
  address_hash bytea check (octet_length(address_hash) = 32),
  changes jsonb not null default '{}' check (jsonb_typeof(changes) = 'object'),
  ip_address inet,
  user_agent text check (char_length(user_agent) <= 512),
  request_id text check (char_length(request_id) <= 64)
);
create index security_events_user_id_id_idx on security_events (user_id, id);
-- A person's log is their own.
select app.protect_table('security_events', 'user', 'user_id');
-- Append-only. Reading comes with the list of one's own events.
grant insert (action, outcome, session_id, changes, ip_address, user_agent, request_id) on security_events to tenantry_app;
-- What happens before anybody is known is written by the functions below.
create policy gate_inserts on security_events for insert to tenantry_gate with check (true);
grant insert on security_events to tenantry_gate;

-- Sign-in compares a password before anybody is known.
create policy gate_reads on passwords for select to tenantry_gate using (true);
grant select (user_id, hash) on passwords to tenantry_gate;
-- Refresh starts from a token alone.
create policy gate_reads on refresh_tokens for select to tenantry_gate using (true);
grant select on refresh_tokens to tenantry_gate;

-- What there is to compare a password with; always one row, of nulls where the address is unknown, the person is
-- suspended or has no password. retry_after: seconds for which no attempt on this address is judged; 0 for none.
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

-- Counts a wrong password and records the attempt in the log of whoever has the address. Answers the seconds for which
-- the address was blocked already, by attempts judged meanwhile, in which case this one is not judged; 0 otherwise.
-- From the tenth wrong one in 15 minutes on, each blocks the address twice as long as the one before: 1 s to 15 min.
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

-- Forgets wrong passwords after a right one. Answers the seconds for which the address is blocked, and forgets nothing
-- then: of many guesses at once, a right one that was not among the first ten is refused like the wrong ones.
create function app.forgive_failed_sign_ins(p_address_hash bytea) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_blocked_until timestamptz;
begin
  select f.blocked_until into v_blocked_until from public.sign_in_failures f
    where f.address_hash = p_address_hash for update;
  if v_blocked_until > clock_timestamp() then
    return ceil(extract(epoch from v_blocked_until - clock_timestamp()));
  end if;
  delete from public.sign_in_failures f where f.address_hash = p_address_hash;
  return 0;
end $$;
select app.define_gate('app.forgive_failed_sign_ins(bytea)');

-- Keeps a token for an address, and records who asked. known: the address has a user already. due: a mail may go to the
-- address, which is so for three in an hour, whoever asks; of their tokens the newest three are good. A token that is not
-- to be sent is kept too, until the next one, so that every case is the same work: it is for the caller not to send it.
create function app.issue_email_token(
  p_hash bytea, p_purpose text, p_valid_seconds integer, p_email text, p_email_key text, p_name text,
  p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text, out known boolean, out due boolean
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_bound constant integer := 3;
  c_window constant interval := '1 hour';
  v_user uuid := (select u.id from public.users u where u.email_key = p_email_key);
begin
  -- For one address one after the other, or a race would get past the bound.
  perform pg_advisory_xact_lock(hashtextextended('email_token ' || p_email_key, 0));
  known := v_user is not null;
  due := c_bound > (
    select count(*) from public.email_tokens t
      where t.email_key = p_email_key and t.due and t.created_at > clock_timestamp() - c_window
  );
  insert into public.email_tokens (hash, purpose, email, email_key, name, expires_at, due)
    values (p_hash, p_purpose, p_email, p_email_key, p_name, now() + make_interval(secs => p_valid_seconds), due);
  delete from public.email_tokens t
    where t.email_key = p_email_key and t.hash <> p_hash and t.hash not in (
      select n.hash from public.email_tokens n
        where n.email_key = p_email_key and n.due order by n.created_at desc limit c_bound
    );
  insert into public.security_events
    (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (v_user, 'auth.registration_requested', 'success', p_address_hash, p_ip_address, p_user_agent, p_request_id);
end $$;
select app.define_gate('app.issue_email_token(bytea, text, integer, text, text, text, bytea, inet, text, text)');

-- What a token stands for, without spending it; no row where it is unknown, expired, spent or its person suspended.
-- user_id: who has the address by now, if anybody.
create function app.find_email_token(p_hash bytea, p_purpose text) returns table (
  email text, email_key text, name text, user_id uuid
)
language sql stable security definer
set search_path = ''
as $$
  select t.email, t.email_key, t.name, u.id
    from public.email_tokens t left join public.users u on u.email_key = t.email_key
    where t.hash = p_hash and t.purpose = p_purpose and t.used_at is null and t.expires_at > now()
      and u.suspended_at is null
$$;
select app.define_gate('app.find_email_token(bytea, text)');

-- Spends a token: true for one caller, whatever races.
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

-- Whose token it is and what it is worth; no row where it is unknown or its session is over and done with.
-- 'live': to be spent. 'repeated': the client that spent it up to 10 seconds ago asks again. 'reused': anybody else does.
create function app.find_refresh_token(p_hash bytea, p_ip_address inet, p_user_agent text) returns table (
  user_id uuid, session_id uuid, state text
)
language sql stable security definer
set search_path = ''
as $$
  select t.user_id, t.session_id,
    case
      when t.spent_at is null then 'live'
      when t.spent_at > clock_timestamp() - interval '10 seconds' and s.ended_at is null
        and t.spent_ip_address = p_ip_address and t.spent_user_agent is not distinct from p_user_agent then 'repeated'
      else 'reused'
    end
    from public.refresh_tokens t
    join public.sessions s on s.user_id = t.user_id and s.id = t.session_id
    join public.users u on u.id = t.user_id
    where t.hash = p_hash and u.suspended_at is null
      and (t.spent_at is not null or s.ended_at is null) and s.expires_at > now()
$$;
select app.define_gate('app.find_refresh_token(bytea, inet, text)');
