-- Whoever asks for changes of address without end fills no table, and keeps nobody from what they may.

drop index email_tokens_email_key_idx;
-- What a link of one purpose costs does not depend on how many of another were asked for to the same address.
create index email_tokens_email_key_purpose_due_idx on email_tokens (email_key, purpose, due);

drop function app.issue_email_change(bytea, integer, text, text, uuid);
-- Keeps a token by which the caller's address becomes another one. known: somebody has that already. due: mails may go out, which is so
-- for five in an hour on behalf of one person, whatever became of them, and for three to one address, whoever asks. The first of a
-- person to an address goes out beyond those three, or strangers who ask would keep its owner from having it; beyond 20 none does.
-- The newest that was sent is good, and no other of that person. As with every link, one that is not to be sent is the same work.
-- retry_after: seconds for which the person has asked often enough, and nothing has happened; else 0.
create function app.issue_email_change(
  p_hash bytea, p_valid_seconds integer, p_email text, p_email_key text, p_session uuid, out known boolean, out due boolean,
  out retry_after integer
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_calls constant integer := 20;
  c_by_person constant integer := 5;
  c_to_address constant integer := 3;
  c_to_address_at_most constant integer := 20;
  c_window constant interval := '1 hour';
  v_since timestamptz;
  v_previous text;
  v_asked record;
  v_sent record;
begin
  -- For one person, and for one address, one after the other, or a race would get past the bounds.
  select u.email_key into v_previous from public.users u where u.id = app.user_id() for no key update;
  v_since := clock_timestamp() - c_window;
  -- What was not sent is there to be counted.
  delete from public.email_tokens t where t.user_id = app.user_id() and not t.due and t.created_at <= v_since;
  select count(*) as calls, count(*) filter (where t.due) as due, min(t.created_at) as first into v_asked
    from public.email_tokens t where t.user_id = app.user_id() and t.created_at > v_since;
  if v_asked.calls >= c_calls then
    known := false;
    due := false;
    retry_after := greatest(1, ceil(extract(epoch from v_asked.first - v_since)));
    return;
  end if;

  perform pg_advisory_xact_lock(hashtextextended('email_token ' || p_email_key, 0));
  known := exists (select from public.users u where u.email_key = p_email_key);
  select count(*) as total, count(*) filter (where t.user_id = app.user_id()) as own into v_sent
    from public.email_tokens t
    where t.email_key = p_email_key and t.purpose = 'change_email' and t.due and t.created_at > v_since;
  due := v_asked.due < c_by_person
    and v_sent.total < case when v_sent.own = 0 then c_to_address_at_most else c_to_address end;
  if due then
    update public.email_tokens t set used_at = clock_timestamp() where t.user_id = app.user_id() and t.used_at is null;
  end if;
  insert into public.email_tokens (hash, purpose, email, email_key, expires_at, due, user_id, session_id, previous_email_key)
    values (p_hash, 'change_email', p_email, p_email_key, clock_timestamp() + make_interval(secs => p_valid_seconds), due,
      app.user_id(), p_session, v_previous);
  retry_after := 0;
end $$;
select app.define_gate('app.issue_email_change(bytea, integer, text, text, uuid)');
