-- Another address for a person. The link goes to the new mailbox, and its token belongs to whoever asked: it changes their account
-- and no other, from the address that they had then, while the session is live in which they asked for it. So whoever has
-- ended the sessions of a thief, or set another password, has ended what the thief asked for.

alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check
  check (purpose in ('verify_email', 'magic_link', 'reset_password', 'change_email'));
alter table email_tokens
  -- Of a change of address alone: whose it is, asked for in which session, and by which address they were known then.
  add column user_id uuid,
  add column session_id uuid,
  add column previous_email_key text check (char_length(previous_email_key) <= 320),
  -- Who changes their address has a name already.
  alter column name drop not null,
  add constraint email_tokens_change_check check (
    case when purpose = 'change_email' then num_nulls(user_id, session_id, previous_email_key) = 0 and name is null
      else num_nonnulls(user_id, session_id, previous_email_key) = 0 and name is not null end
  );
create index email_tokens_user_id_idx on email_tokens (user_id) where user_id is not null;

-- Only app.change_email below changes an address.
create policy gate_updates on users for update to tenantry_gate using (true) with check (true);
grant update (email, email_key) on users to tenantry_gate;

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

-- Whose address a token would change, whatever it is still good for; null where it is for something else.
create function app.find_email_change(p_hash bytea) returns uuid
language sql stable security definer
set search_path = ''
as $$
  select t.user_id from public.email_tokens t where t.hash = p_hash and t.purpose = 'change_email'
$$;
select app.define_gate('app.find_email_change(bytea)');

-- Spends a token of the caller's and gives them the address, in one. Answers the address before; null, and it is for the caller to undo
-- all of it, where the token is spent, expired or void, or somebody else has got the address. The links that were sent to
-- the address before are void from here on.
create function app.change_email(p_hash bytea) returns text
language plpgsql security definer
set search_path = ''
as $$
declare
  v_user record;
  v_new record;
begin
  select u.email, u.email_key into v_user from public.users u
    where u.id = app.user_id() and u.suspended_at is null for update;
  update public.email_tokens t set used_at = clock_timestamp()
    where t.hash = p_hash and t.user_id = app.user_id() and t.previous_email_key = v_user.email_key
      and t.used_at is null and t.expires_at > clock_timestamp()
      and exists (
        select from public.sessions s
          where s.user_id = t.user_id and s.id = t.session_id and s.ended_at is null and s.expires_at > clock_timestamp()
      )
    returning t.email, t.email_key into v_new;
  if not found then
    return null;
  end if;
  begin
    update public.users u set email = v_new.email, email_key = v_new.email_key where u.id = app.user_id();
  exception when unique_violation then
    return null;
  end;
  update public.email_tokens t set used_at = clock_timestamp()
    where t.used_at is null and (t.email_key = v_user.email_key or t.user_id = app.user_id());
  return v_user.email;
end $$;
select app.define_gate('app.change_email(bytea)');
