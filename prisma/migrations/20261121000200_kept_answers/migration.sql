-- Answers to calls that came with an Idempotency-Key. The same call again within a day gets the first answer once more, and has
-- no second effect. An answer is kept by the transaction that it tells of, so there is neither without the other.

create table kept_answers (
  -- Whose key it is: the same text from another caller is another key.
  user_id uuid not null,
  -- A keyed hash of the path and the key, both of which may hold anything.
  key_hash bytea not null check (octet_length(key_hash) = 32),
  -- A keyed hash of what was sent: another body by the same key is told from the first one again.
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  -- Sealed by the server: an answer may hold a secret.
  answer bytea not null,
  expires_at timestamptz(6) not null default clock_timestamp() + interval '24 hours',
  primary key (user_id, key_hash)
);
-- What has expired is swept.
create index kept_answers_expires_at_idx on kept_answers (expires_at);
alter table kept_answers enable row level security;
alter table kept_answers force row level security;
-- Only the functions below find, keep and sweep. They go by the user of the scope, in whichever organisation that is.
create policy gate_all on kept_answers to tenantry_gate using (true) with check (true);
grant select, insert, update, delete on kept_answers to tenantry_gate;

-- Goes ahead of the work of a call. 'claimed': the key is the current transaction's until its end. 'running': it is another's.
-- 'kept': there is an answer to this call. 'reused': there is one, to another call.
create function app.claim_idempotency_key(p_key_hash bytea, p_fingerprint bytea, out state text, out answer bytea)
language plpgsql security definer
set search_path = ''
as $$
declare
  -- Before the look: who has the lock sees what the one before has committed.
  v_free boolean := pg_try_advisory_xact_lock(
    hashtextextended('idempotency ' || app.user_id() || ' ' || encode(p_key_hash, 'hex'), 0)
  );
  v_fingerprint bytea;
begin
  select k.fingerprint, k.answer into v_fingerprint, answer
    from public.kept_answers k
    where k.user_id = app.user_id() and k.key_hash = p_key_hash and k.expires_at > clock_timestamp();
  if not found then
    state := case when v_free then 'claimed' else 'running' end;
  elsif v_fingerprint = p_fingerprint then
    state := 'kept';
  else
    state := 'reused';
    answer := null;
  end if;
end $$;
select app.define_gate('app.claim_idempotency_key(bytea, bytea)');

-- Keeps the answer for a day. Does nothing where a twin has the key by now, or has an answer: that one counts.
create function app.keep_answer(p_key_hash bytea, p_fingerprint bytea, p_answer bytea) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if not pg_try_advisory_xact_lock(
    hashtextextended('idempotency ' || app.user_id() || ' ' || encode(p_key_hash, 'hex'), 0)
  ) then
    return;
  end if;
  insert into public.kept_answers as k (user_id, key_hash, fingerprint, answer)
    values (app.user_id(), p_key_hash, p_fingerprint, p_answer)
    on conflict (user_id, key_hash) do update
      set fingerprint = excluded.fingerprint, answer = excluded.answer, expires_at = excluded.expires_at
      where k.expires_at <= clock_timestamp();
end $$;
select app.define_gate('app.keep_answer(bytea, bytea, bytea)');

-- Deletes so many of what has expired, and says how many it found.
create function app.sweep_kept_answers(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with expired as (
    select k.user_id, k.key_hash from public.kept_answers k
      where k.expires_at <= clock_timestamp() order by k.expires_at limit p_limit for update skip locked
  )
  delete from public.kept_answers k using expired e where k.user_id = e.user_id and k.key_hash = e.key_hash;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_kept_answers(integer)');
