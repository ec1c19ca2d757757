drop function app.record_refused_email_token, app.issue_email_token;
delete from email_tokens where purpose = 'magic_link';
alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check check (purpose in ('verify_email'));
create function app.issue_email_token(
  p_hash bytea, p_purpose text, p_valid_seconds integer, p_email text, p_email_key text, p_name text,
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
      where t.email_key = p_email_key and t.due and t.created_at > clock_timestamp() - c_window
  );
  insert into public.email_tokens (hash, purpose, email, email_key, name, expires_at, due)
    values (p_hash, p_purpose, p_email, p_email_key, p_name, now() + make_interval(secs => p_valid_seconds), due);
  delete from public.email_tokens t
    where t.email_key = p_email_key and t.hash <> p_hash and t.hash not in (
      select n.hash from public.email_tokens n
        where n.email_key = p_email_key and n.due order by n.created_at desc limit c_bound
    );
  insert into public.security_events
    (user_id, action, outcome, address_hash, ip_address, user_agent, request_id)
    values (v_user, 'auth.registration_requested', 'success', p_address_hash, p_ip_address, p_user_agent, p_request_id);
end $$;
select app.define_gate('app.issue_email_token(bytea, text, integer, text, text, text, bytea, inet, text, text)');
