drop function app.issue_email_change(bytea, integer, text, text, uuid);
-- Keeps a token by which the caller's address becomes another one. known: somebody has that already. due: mails may go out, which is so
-- for three in an hour to one address, whoever asks, and for five in an hour on behalf of one person, whatever became of them. The
-- newest that was sent is good, and no other of that person. As with every link, one that is not to be sent is the same work.
create function app.issue_email_change(
  p_hash bytea, p_valid_seconds integer, p_email text, p_email_key text, p_session uuid, out known boolean, out due boolean
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_to_address constant integer := 3;
  c_by_person constant integer := 5;
  c_window constant interval := '1 hour';
  v_previous text;
begin
  -- For one person, and for one address, one after the other, or a race would get past the bounds.
  select u.email_key into v_previous from public.users u where u.id = app.user_id() for no key update;
  perform pg_advisory_xact_lock(hashtextextended('email_token ' || p_email_key, 0));
  known := exists (select from public.users u where u.email_key = p_email_key);
  due := c_to_address > (
    select count(*) from public.email_tokens t
      where t.email_key = p_email_key and t.purpose = 'change_email' and t.due
        and t.created_at > clock_timestamp() - c_window
  ) and c_by_person > (
    select count(*) from public.email_tokens t
      where t.user_id = app.user_id() and t.due and t.created_at > clock_timestamp() - c_window
  );
  if due then
    update public.email_tokens t set used_at = clock_timestamp() where t.user_id = app.user_id() and t.used_at is null;
  end if;
  insert into public.email_tokens (hash, purpose, email, email_key, expires_at, due, user_id, session_id, previous_email_key)
    values (p_hash, 'change_email', p_email, p_email_key, clock_timestamp() + make_interval(secs => p_valid_seconds), due,
      app.user_id(), p_session, v_previous);
end $$;
select app.define_gate('app.issue_email_change(bytea, integer, text, text, uuid)');

drop index email_tokens_email_key_purpose_due_idx;
create index email_tokens_email_key_idx on email_tokens (email_key);
