-- What one change brings about thousands of times is told of by one statement.

-- As app.record_consequence, of several at once: a call for each would take as long as the changes themselves. Answers how many.
create function app.record_consequences(
  p_organization uuid, p_action text, p_target_type text, p_targets uuid[], p_teams uuid[], p_changes jsonb[], p_actor_member uuid
) returns integer
language sql
set search_path = ''
as $$
  insert into public.audit_events (
    organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, team_id, changes,
    ip_address, user_agent, request_id, session_id
  )
  select p_organization, p_action, 'success', case when app.user_id() is null then 'system' else 'user' end, app.user_id(),
      p_actor_member, p_target_type, e.target, e.team, e.changes,
      (r ->> 'ip_address')::inet, r ->> 'user_agent', r ->> 'request_id', (r ->> 'session_id')::uuid
    from (select nullif(current_setting('app.request', true), '')::jsonb as r) as request,
      unnest(p_targets, p_teams, p_changes) as e (target, team, changes);
  select coalesce(cardinality(p_targets), 0);
$$;
grant execute on function app.record_consequences(uuid, text, text, uuid[], uuid[], jsonb[], uuid) to tenantry_gate;

-- One is several of which there is one: what an event is made of stands in app.record_consequences alone.
create or replace function app.record_consequence(
  p_organization uuid, p_action text, p_target_type text, p_target uuid, p_team uuid, p_changes jsonb, p_actor_member uuid
) returns void
language sql
set search_path = ''
as $$
  select app.record_consequences(
    p_organization, p_action, p_target_type, array[p_target], array[p_team], array[p_changes], p_actor_member
  );
$$;
