-- What the operator of the whole does from the command line, beside every organisation: nobody's permission reaches that far, so it
-- is a database role of its own. tenantry_operator may call the functions below, and has no privilege on any table.

grant usage on schema app to tenantry_operator;

-- Hands a function to the gate, for the operator alone.
create function app.define_operation(p_function regprocedure) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Grants first: they pass to the new owner, and this role may not change them afterwards.
  execute format('revoke all on function %s from public', p_function);
  execute format('grant execute on function %s to tenantry_operator', p_function);
  grant create on schema app to tenantry_gate;
  execute format('alter function %s owner to tenantry_gate', p_function);
  revoke create on schema app from tenantry_gate;
end $$;

-- Every call, with who called and why. The reason is for those who run the whole, and may name people: logs of organisations and of
-- people have the id of the call.
create table operator_calls (
  id uuid primary key default uuidv7(),
  called_at timestamptz(6) not null default clock_timestamp(),
  called_by text not null check (char_length(called_by) between 1 and 100),
  reason text not null check (char_length(reason) between 5 and 500),
  command text not null check (command ~ '^[a-z-]+$'),
  outcome text not null check (outcome in ('found', 'changed', 'unchanged', 'not_found')),
  -- null: none in particular, or none that is there.
  target_type text check (target_type in ('organization', 'user')),
  target_id uuid
);
alter table operator_calls enable row level security;
alter table operator_calls force row level security;
-- Only the functions below write it, and one reads it. Nobody changes it.
create policy gate_inserts on operator_calls for insert to tenantry_gate with check (true);
create policy gate_reads on operator_calls for select to tenantry_gate using (true);
grant insert (called_by, reason, command, outcome, target_type, target_id), select on operator_calls to tenantry_gate;

create function app.record_operator_call(
  p_called_by text, p_reason text, p_command text, p_outcome text, p_target_type text, p_target uuid
) returns uuid
language sql
set search_path = ''
as $$
  insert into public.operator_calls (called_by, reason, command, outcome, target_type, target_id)
    values (p_called_by, p_reason, p_command, p_outcome, case when p_target is not null then p_target_type end, p_target)
    returning id
$$;
grant execute on function app.record_operator_call(text, text, text, text, text, uuid) to tenantry_gate;

-- In a person's own log: that it was not they, nor a stranger.
alter table security_events add column operator_call_id uuid;
grant select (operator_call_id) on security_events to tenantry_app;
grant insert (metadata) on audit_events to tenantry_gate;

-- Only the functions below suspend, reactivate, and let links go out again.
create policy gate_suspends on organizations for update to tenantry_gate using (true) with check (true);
grant update (suspended_at) on organizations to tenantry_gate;
grant update (ended_at) on sessions to tenantry_gate;
grant update (created_at) on email_tokens to tenantry_gate;

-- Organisations whose name or slug has the text in it, or that have the id, by slug and a hundred at most: what they are called,
-- how they stand, how many are in them. The list is one call.
create function app.find_organizations(p_called_by text, p_reason text, p_text text, p_after text)
  returns table (id uuid, slug text, name text, state text, members bigint, created_at timestamptz)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  select array_agg(f.id) into v_ids from (
    select o.id from public.organizations o
      where (o.id::text = p_text or strpos(lower(o.name), lower(p_text)) > 0 or strpos(o.slug, lower(p_text)) > 0)
        and o.slug > p_after
      order by o.slug limit 100
  ) as f;
  perform app.record_operator_call(p_called_by, p_reason, 'organizations',
    case when v_ids is null then 'not_found' else 'found' end, 'organization',
    case when cardinality(v_ids) = 1 then v_ids[1] end);
  return query
    select o.id, o.slug, o.name,
      case when o.deleted_at is not null then 'deleted' when o.suspended_at is not null then 'suspended' else 'active' end,
      (select count(*) from public.members m where m.organization_id = o.id and m.status <> 'removed'),
      o.created_at
      from public.organizations o where o.id = any (v_ids) order by o.slug;
end $$;
select app.define_operation('app.find_organizations(text, text, text, text)');

-- A person by their id or by the key of their address, which has to be known: nobody looks through people.
create function app.find_user(p_called_by text, p_reason text, p_user uuid, p_email_key text)
  returns table (id uuid, state text, second_factor boolean, organizations bigint, created_at timestamptz)
language plpgsql security definer
set search_path = ''
as $$
begin
  return query
    select u.id,
      case when u.deleted_at is not null then 'deleted' when u.suspended_at is not null then 'suspended' else 'active' end,
      exists (select from public.totp_secrets t where t.user_id = u.id and t.activated_at is not null),
      (select count(*) from public.members m where m.user_id = u.id and m.status <> 'removed'),
      u.created_at
      from public.users u where u.id = p_user or u.email_key = p_email_key;
  perform app.record_operator_call(p_called_by, p_reason, 'user', case when found then 'found' else 'not_found' end, 'user',
    (select u.id from public.users u where u.id = p_user or u.email_key = p_email_key));
end $$;
select app.define_operation('app.find_user(text, text, uuid, text)');

-- Suspends or reactivates an organisation, given by its id or else its slug: a slug may look like the id of another one. From the
-- commit on everybody in it is refused, on every server; deletion and all else stays as it is.
create function app.suspend_organization(
  p_called_by text, p_reason text, p_organization text, p_suspend boolean, out outcome text, out id uuid
)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_command text := case when p_suspend then 'suspend-organization' else 'reactivate-organization' end;
  v_states text[] := case when p_suspend then array['active', 'suspended'] else array['suspended', 'active'] end;
  v_id uuid;
  v_call uuid;
begin
  select o.id into v_id from public.organizations o
    where o.id::text = p_organization or o.slug = p_organization order by o.id::text <> p_organization limit 1 for no key update;
  update public.organizations o set suspended_at = case when p_suspend then clock_timestamp() end
    where o.id = v_id and (o.suspended_at is null) = p_suspend;
  outcome := case when found then 'changed' when v_id is null then 'not_found' else 'unchanged' end;
  id := v_id;
  v_call := app.record_operator_call(p_called_by, p_reason, v_command, outcome, 'organization', v_id);
  if outcome = 'changed' then
    insert into public.audit_events (organization_id, action, outcome, actor_type, target_type, target_id, changes, metadata)
      values (
        v_id, case when p_suspend then 'organization.suspended' else 'organization.reactivated' end, 'success', 'system',
        'organization', v_id, jsonb_build_object('status', jsonb_build_object('from', v_states[1], 'to', v_states[2])),
        jsonb_build_object('operator_call_id', v_call)
      );
  end if;
end $$;
select app.define_operation('app.suspend_organization(text, text, text, boolean)');

-- Suspends a person, which ends their sessions for good, or reactivates them, who then sign in anew. Who has deleted their account
-- stays so.
create function app.suspend_user(
  p_called_by text, p_reason text, p_user uuid, p_email_key text, p_suspend boolean, out outcome text, out id uuid
)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_command text := case when p_suspend then 'suspend-user' else 'reactivate-user' end;
  v_user record;
  v_call uuid;
begin
  select u.id, u.suspended_at, u.deleted_at into v_user from public.users u
    where u.id = p_user or u.email_key = p_email_key for no key update;
  update public.users u set suspended_at = case when p_suspend then clock_timestamp() end
    where u.id = v_user.id and u.deleted_at is null and (u.suspended_at is null) = p_suspend;
  outcome := case when found then 'changed' when v_user.id is null then 'not_found' else 'unchanged' end;
  id := v_user.id;
  v_call := app.record_operator_call(p_called_by, p_reason, v_command, outcome, 'user', v_user.id);
  if outcome = 'changed' then
    -- When they are let in again too: somebody may have been signing in at that moment.
    update public.sessions s set ended_at = clock_timestamp() where s.user_id = v_user.id and s.ended_at is null;
    insert into public.security_events (user_id, action, outcome, operator_call_id)
      values (v_user.id, case when p_suspend then 'user.suspended' else 'user.reactivated' end, 'success', v_call);
  end if;
end $$;
select app.define_operation('app.suspend_user(text, text, uuid, text, boolean)');

-- Lets an address sign in that wrong passwords or codes have blocked, and links go out that were held back; those that went out stay
-- good. The address may be nobody's: it can be blocked all the same.
create function app.unlock_sign_in(
  p_called_by text, p_reason text, p_email_key text, p_address_hash bytea, out outcome text, out id uuid
)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  c_window constant interval := '1 hour';
  v_user uuid := (select u.id from public.users u where u.email_key = p_email_key);
  v_unlocked boolean;
  v_call uuid;
begin
  -- As whoever asks for a link does.
  perform pg_advisory_xact_lock(hashtextextended('email_token ' || p_email_key, 0));
  delete from public.sign_in_failures f where f.address_hash = p_address_hash;
  v_unlocked := found;
  delete from public.second_factor_failures f where f.user_id = v_user;
  v_unlocked := v_unlocked or found;
  -- All by the same, so that the newest of them are so still.
  update public.email_tokens t set created_at = t.created_at - c_window
    where (t.email_key = p_email_key or t.user_id = v_user) and t.due and t.created_at > clock_timestamp() - c_window;
  v_unlocked := v_unlocked or found;
  outcome := case when v_unlocked then 'changed' else 'unchanged' end;
  id := v_user;
  v_call := app.record_operator_call(p_called_by, p_reason, 'unlock', outcome, 'user', v_user);
  if v_unlocked and v_user is not null then
    insert into public.security_events (user_id, action, outcome, address_hash, operator_call_id)
      values (v_user, 'auth.unlocked', 'success', p_address_hash, v_call);
  end if;
end $$;
select app.define_operation('app.unlock_sign_in(text, text, text, bytea)');

-- Takes away the second factor of a person who has lost it, recovery codes and all. Whoever is signed in as them is so no longer.
create function app.remove_second_factor(
  p_called_by text, p_reason text, p_email_key text, p_address_hash bytea, out outcome text, out id uuid
)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_user uuid;
  v_call uuid;
begin
  select u.id into v_user from public.users u where u.email_key = p_email_key for no key update;
  delete from public.totp_secrets t where t.user_id = v_user and t.activated_at is not null;
  outcome := case when found then 'changed' when v_user is null then 'not_found' else 'unchanged' end;
  id := v_user;
  v_call := app.record_operator_call(p_called_by, p_reason, 'remove-second-factor', outcome, 'user', v_user);
  if outcome = 'changed' then
    delete from public.recovery_codes r where r.user_id = v_user;
    delete from public.second_factor_failures f where f.user_id = v_user;
    delete from public.mfa_challenges c where c.user_id = v_user;
    update public.sessions s set ended_at = clock_timestamp() where s.user_id = v_user and s.ended_at is null;
    insert into public.security_events (user_id, action, outcome, address_hash, operator_call_id)
      values (v_user, 'user.mfa_disabled', 'success', p_address_hash, v_call);
  end if;
end $$;
select app.define_operation('app.remove_second_factor(text, text, text, bytea)');

-- The newest calls.
create function app.recent_operator_calls(p_limit integer) returns setof public.operator_calls
language sql stable security definer
set search_path = ''
as $$ select * from public.operator_calls c order by c.id desc limit p_limit $$;
select app.define_operation('app.recent_operator_calls(integer)');

-- A person is told of what was done to their account: the operator may have a mail sent, and add no other job.
create function app.enqueue_mail(p_payload json) returns void
language sql security definer
set search_path = ''
as $$ select app.enqueue('send_mail', p_payload) $$;
revoke all on function app.enqueue_mail(json) from public;
grant execute on function app.enqueue_mail(json) to tenantry_operator;
-- It calls the other one.
grant usage on schema app to tenantry_queue;
grant create on schema app to tenantry_queue;
alter function app.enqueue_mail(json) owner to tenantry_queue;
revoke create on schema app from tenantry_queue;
