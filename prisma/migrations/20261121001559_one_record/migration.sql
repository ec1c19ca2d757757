-- One consequence is several of which there is one: what an event is made of stands in app.record_consequences alone.
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
