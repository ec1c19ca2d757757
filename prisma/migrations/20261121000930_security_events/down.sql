drop function app.record_refused_email_token, app.email_key_of_token;
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
create index security_events_user_id_id_idx on security_events (user_id, id);
drop index security_events_user_id_occurred_at_id_idx;
revoke select (id, user_id, occurred_at, action, outcome, anonymous, session_id, caller_session_id, changes, ip_address, user_agent,
  request_id) on security_events from tenantry_app;
revoke insert (address_hash, caller_session_id) on security_events from tenantry_app;
alter table security_events drop column anonymous, drop column caller_session_id;
