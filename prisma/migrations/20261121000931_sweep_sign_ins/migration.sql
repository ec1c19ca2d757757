-- What signing in leaves behind goes when it is of no use to anybody any more. Each function deletes so many rows, the longest over
-- first, and says how many it found; what another worker has at this moment is left to that one.

create index email_tokens_expires_at_idx on email_tokens (expires_at);
create index sign_in_failures_window_started_at_idx on sign_in_failures (window_started_at);
create index refresh_tokens_spent_at_idx on refresh_tokens (spent_at) where spent_at is not null;
-- For the key that refers to sessions, too.
create index refresh_tokens_user_id_session_id_idx on refresh_tokens (user_id, session_id);
create index sessions_expires_at_idx on sessions (expires_at) where outside_key is null or ended_at is null;

-- Only the functions below delete tokens and sessions.
create policy gate_deletes on refresh_tokens for delete to tenantry_gate using (true);
create policy gate_deletes on sessions for delete to tenantry_gate using (true);
grant delete on refresh_tokens, sessions to tenantry_gate;

-- Links, a day after they have expired: until then it can be told whose it was that is refused.
create function app.sweep_email_tokens(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with expired as (
    select t.hash from public.email_tokens t
      where t.expires_at < now() - interval '1 day' order by t.expires_at limit p_limit for update skip locked
  )
  delete from public.email_tokens t using expired e where t.hash = e.hash;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_email_tokens(integer)');

-- Counts of wrong passwords that nothing depends on: their 15 minutes have passed, and so has the delay.
create function app.sweep_sign_in_failures(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with over as (
    select f.address_hash from public.sign_in_failures f
      where f.window_started_at < now() - interval '15 minutes' and f.blocked_until <= now()
      order by f.window_started_at limit p_limit for update skip locked
  )
  delete from public.sign_in_failures f using over o where f.address_hash = o.address_hash;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_sign_in_failures(integer)');

-- Spent refresh tokens, of sessions that go on too, 30 days after: for so long one is good for, so whoever has stolen it has had
-- no use of it. Nothing changes one that is spent, so that it needs no lock to be looked at.
create function app.sweep_refresh_tokens(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  delete from public.refresh_tokens t where t.hash in (
    select s.hash from public.refresh_tokens s
      where s.spent_at < now() - interval '30 days' order by s.spent_at limit p_limit
  );
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_refresh_tokens(integer)');

-- Sessions, 30 days after they would have expired, whether or not they were ended before, each with the refresh token that was its last.
-- One of an outside issuer that was ended stays: its row is what refuses the next token of that session, whenever it comes.
create function app.sweep_sessions(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with over as (
    select s.user_id, s.id from public.sessions s
      where s.expires_at < now() - interval '30 days' and (s.outside_key is null or s.ended_at is null)
        and not exists (
          select from public.refresh_tokens t
            where t.user_id = s.user_id and t.session_id = s.id and t.spent_at is not null
        )
      order by s.expires_at limit p_limit for update skip locked
  ), last_tokens as (
    delete from public.refresh_tokens t using over o where t.user_id = o.user_id and t.session_id = o.id
  )
  delete from public.sessions s using over o where s.user_id = o.user_id and s.id = o.id;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_sessions(integer)');
