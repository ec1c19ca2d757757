drop function app.record_refused_sign_in, app.record_refused_email_token;
create function app.record_refused_email_token(
  p_email_key text, p_address_hash bytea, p_ip_address inet, p_user_agent text, p_request_id text
) returns void
language sql security definer
set search_path = ''
as $$
  insert into public.security_events (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (
      (select u.id from public.users u where u.email_key = p_email_key),
      'auth.link_refused', 'failure', p_address_hash, p_ip_address, p_user_agent, p_request_id
    )
$$;
select app.define_gate('app.record_refused_email_token(text, bytea, inet, text, text)');
