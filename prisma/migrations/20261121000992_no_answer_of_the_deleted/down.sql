drop function app.keep_answer(bytea, bytea, bytea);
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
