-- Signing in by a mailed link. Such a link is the way in for a person whose password sign-in a stranger has blocked, so asking
-- for links in their place must not close it: a mail is held back only while three links that work lie in the mailbox.

alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check check (purpose in ('verify_email', 'magic_link'));

drop function app.issue_email_token(bytea, text, integer, text, text, text, bytea, inet, text, text);

-- Keeps a token for an address, and records who asked. known: the address has a user already. due: a mail may go to the
-- address, which is so unless three of the purpose were sent in the last hour and can still be used; whoever has used one has the
-- mailbox, and may ask again. Of what was sent the newest three are good. A token that is not to be sent is kept too, until
-- the next one, so that every case is the same work: it is for the caller not to send it.
create function app.issue_email_token(
  p_hash bytea, p_purpose text, p_valid_seconds integer, p_email text, p_email_key text, p_name text, p_action text,
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
      where t.email_key = p_email_key and t.purpose = p_purpose and t.due and t.used_at is null
        and t.created_at > clock_timestamp() - c_window and t.expires_at > clock_timestamp()
  );
  insert into public.email_tokens (hash, purpose, email, email_key, name, expires_at, due)
    values (p_hash, p_purpose, p_email, p_email_key, p_name, clock_timestamp() + make_interval(secs => p_valid_seconds), due);
  delete from public.email_tokens t
    where t.email_key = p_email_key and t.purpose = p_purpose and t.hash <> p_hash and t.hash not in (
      select n.hash from public.email_tokens n
        where n.email_key = p_email_key and n.purpose = p_purpose and n.due and n.used_at is null
        order by n.created_at desc limit c_bound
    );
  insert into public.security_events
    (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (v_user, p_action, 'success', p_address_hash, p_ip_address, p_user_agent, p_request_id);
end $$;
select app.define_gate('app.issue_email_token(bytea, text, integer, text, text, text, text, bytea, inet, text, text)');

-- Records that a token was refused: in the log of whoever has the address that it was sent to, in nobody's where it is unknown.
create function app.record_refused_email_token(
  p_hash bytea, p_purpose text, p_ip_address inet, p_user_agent text, p_request_id text
) returns void
language sql security definer
set search_path = ''
as $$
  insert into public.security_events (user_id, action, outcome, ip_address, user_agent, request_id)
    values (
      (
        select u.id from public.email_tokens t join public.users u on u.email_key = t.email_key
          where t.hash = p_hash and t.purpose = p_purpose
      ),
      'auth.link_refused', 'failure', p_ip_address, p_user_agent, p_request_id
    )
$$;
select app.define_gate('app.record_refused_email_token(bytea, text, inet, text, text)');
