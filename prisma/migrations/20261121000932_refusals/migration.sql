-- Refusals are recorded in the log of whom they concern.

drop function app.record_refused_email_token(text, bytea, inet, text, text);
-- Records that a token was refused: in the log of whose address it would have changed, or of whoever has the address that it was sent
-- to; in nobody's where it is unknown.
create function app.record_refused_email_token(
  p_hash bytea, p_purpose text, p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
) returns void
language sql security definer
set search_path = ''
as $$
  insert into public.security_events (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (
      (
        select coalesce(t.user_id, u.id) from public.email_tokens t left join public.users u on u.email_key = t.email_key
          where t.hash = p_hash and t.purpose = p_purpose
      ),
      'auth.link_refused', 'failure', p_address_hash, p_ip_address, p_user_agent, p_request_id
    )
$$;
select app.define_gate('app.record_refused_email_token(bytea, text, bytea, inet, text, text)');

-- Records that nobody was let in by a token of the outside issuer, in the log of whoever has the address: somebody who is suspended.
create function app.record_refused_sign_in(
  p_email_key text, p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
) returns void
language sql security definer
set search_path = ''
as $$
  insert into public.security_events (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (
      (select u.id from public.users u where u.email_key = p_email_key),
      'auth.sign_in_failed', 'failure', p_address_hash, p_ip_address, p_user_agent, p_request_id
    )
$$;
select app.define_gate('app.record_refused_sign_in(text, bytea, inet, text, text)');
