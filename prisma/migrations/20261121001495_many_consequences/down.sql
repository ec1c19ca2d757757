create or replace function app.record_consequence(
  p_organization uuid, p_action text, p_target_type text, p_target uuid, p_team uuid, p_changes jsonb, p_actor_member uuid
) returns void
language sql
set search_path = ''
as $$
  insert into public.audit_events (
    organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, team_id, changes,
    ip_address, user_agent, request_id, session_id
  )
  select p_organization, p_action, 'success', case when app.user_id() is null then 'system' else 'user' end, app.user_id(),
      p_actor_member, p_target_type, p_target, p_team, p_changes,
      (r ->> 'ip_address')::inet, r ->> 'user_agent', r ->> 'request_id', (r ->> 'session_id')::uuid
    from (select nullif(current_setting('app.request', true), '')::jsonb as r) as request
$$;

drop function app.record_consequences(uuid, text, text, uuid[], uuid[], jsonb[], uuid);
