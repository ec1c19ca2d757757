-- Signing in with a second factor: what stands between the first one and the session.

-- The question for a second factor, under the hash of a token that the caller holds. It is good for nothing else.
create table mfa_challenges (
  hash bytea primary key check (octet_length(hash) = 32),
  user_id uuid not null references users (id),
  -- By which the person proved themselves first (RFC 8176).
  method text not null check (method in ('pwd', 'email')),
  -- That there was: with another one, the question is void.
  password_set_at timestamptz(6),
  attempts integer not null default 0,
  created_at timestamptz(6) not null default clock_timestamp(),
  expires_at timestamptz(6) not null,
  used_at timestamptz(6)
);
create index mfa_challenges_user_id_idx on mfa_challenges (user_id);
alter table mfa_challenges enable row level security;
alter table mfa_challenges force row level security;
-- Only the functions below ask, count attempts and end.
create policy gate_all on mfa_challenges to tenantry_gate using (true) with check (true);
grant select, insert, update (attempts, used_at), delete on mfa_challenges to tenantry_gate;

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

-- Takes one of the five attempts, before the code is judged, so that of many at once five are. user_id: whose question it is or
-- was, if anybody's. No method: it has expired, is answered or void, its attempts are used up, or its person is suspended.
-- retry_after: seconds for which no code of the person is judged, and then no attempt is taken.
create function app.claim_mfa_attempt(p_hash bytea, out user_id uuid, out method text, out retry_after integer)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_attempts constant integer := 5;
begin
  select c.user_id, app.second_factor_wait(c.user_id) into user_id, retry_after
    from public.mfa_challenges c where c.hash = p_hash;
  update public.mfa_challenges c set attempts = c.attempts + case when retry_after = 0 then 1 else 0 end
    from public.users u left join public.passwords p on p.user_id = u.id
    where c.hash = p_hash and c.attempts < c_attempts and c.used_at is null and c.expires_at > clock_timestamp()
      and u.id = c.user_id and u.suspended_at is null and p.changed_at is not distinct from c.password_set_at
    returning c.method into method;
end $$;
select app.define_gate('app.claim_mfa_attempt(bytea)');

-- Answers the question, for one caller, ever: with the session that begins in the current transaction, or not at all. The password
-- stays as it is until then, so that whoever sets another one ends that session too.
create function app.spend_mfa_challenge(p_hash bytea) returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
  v_password_set_at timestamptz;
begin
  update public.mfa_challenges c set used_at = clock_timestamp()
    where c.hash = p_hash and c.user_id = app.user_id() and c.used_at is null and c.expires_at > clock_timestamp()
    returning c.password_set_at into v_password_set_at;
  if not found then
    return false;
  end if;
  return case when v_password_set_at is null
    then not exists (select from public.passwords p where p.user_id = app.user_id())
    else app.hold_password(v_password_set_at) end;
end $$;
select app.define_gate('app.spend_mfa_challenge(bytea)');
