-- Who leaves an organisation leaves all of its teams, by whatever path: also those that whoever removes them does not see.

-- Writes that something followed from a change, as the doing of whoever made that. Only triggers call it, and the request is what
-- `Audit.announce` has left in the transaction; where nothing has, nobody knows.
create function app.record_consequence(
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
grant execute on function app.record_consequence(uuid, text, text, uuid, uuid, jsonb, uuid) to tenantry_gate;
grant insert (team_id) on audit_events to tenantry_gate;

create function app.end_team_memberships() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_actor_member uuid := case when new.user_id = app.user_id() then new.id else (
    select m.id from public.members m
      where m.organization_id = new.organization_id and m.user_id = app.user_id() and m.status <> 'removed'
  ) end;
  v_ended record;
begin
  for v_ended in
    delete from public.team_members t using public.roles r
      where t.organization_id = new.organization_id and t.member_id = new.id
        and r.organization_id = t.organization_id and r.id = t.role_id
      returning t.id, t.team_id, r.key as role
  loop
    perform app.record_consequence(
      new.organization_id, 'team_member.removed', 'team_member', v_ended.id, v_ended.team_id,
      jsonb_build_object(
        'member_id', jsonb_build_object('from', new.id, 'to', null), 'role', jsonb_build_object('from', v_ended.role, 'to', null)
      ),
      v_actor_member
    );
  end loop;
  return null;
end $$;
create trigger end_team_memberships after update of status on members for each row
  when (new.status = 'removed' and old.status <> 'removed') execute function app.end_team_memberships();
select app.define_gate('app.end_team_memberships()');
