-- A session of another issuer, begun at the first sight of one of its tokens, so that it is listed and ended like any other.
-- outside_key: a keyed hash of the issuer and of what it calls the session.
alter table sessions add column outside_key bytea check (octet_length(outside_key) = 32);
create unique index sessions_user_id_outside_key_key on sessions (user_id, outside_key);

-- Whose verified address this is; null where it is nobody's, or somebody's who is suspended.
create function app.find_active_user(p_email_key text) returns uuid
language sql stable security definer
set search_path = ''
as $$
  select u.id from public.users u where u.email_key = p_email_key and u.suspended_at is null
$$;
select app.define_gate('app.find_active_user(text)');
