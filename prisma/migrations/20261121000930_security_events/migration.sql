-- A person's own log: read by them, and told by whom and from which session. Each event has the keyed hash of the address that it
-- is about, so that attempts on one address can be put together when its account has gone, or never was.

alter table security_events
  -- Done before it was known who calls. What is there already is taken for its person's own doing.
  add column anonymous boolean not null default false,
  -- The one that was called from, where session_id is the one that it happened to.
  add column caller_session_id uuid;
-- The database's word, as the scope says.
alter table security_events alter column anonymous set default (app.user_id() is null);
grant insert (address_hash, caller_session_id) on security_events to tenantry_app;
-- A person reads all of their log but the hashes. The policy for rows is the table's: one's own.
grant select (id, user_id, occurred_at, action, outcome, anonymous, session_id, caller_session_id, changes, ip_address, user_agent,
  request_id) on security_events to tenantry_app;
-- In the order of the list.
create index security_events_user_id_occurred_at_id_idx on security_events (user_id, occurred_at, id);
drop index security_events_user_id_id_idx;

-- The address that a token was sent to, also where it is spent or has expired; null where it is unknown.
create function app.email_key_of_token(p_hash bytea, p_purpose text) returns text
language sql stable security definer
set search_path = ''
as $$ select t.email_key from public.email_tokens t where t.hash = p_hash and t.purpose = p_purpose $$;
select app.define_gate('app.email_key_of_token(bytea, text)');

drop function app.record_refused_email_token(bytea, text, inet, text, text);
-- Records that a token was refused: in the log of whoever has the address that it was sent to, in nobody's where it is unknown.
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
