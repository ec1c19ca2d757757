-- An organisation may have many private teams, of which a member sees few: those are told from the others in less time.

do $do$
declare
  v_concealed jsonb;
  v_table record;
begin
  -- The policies stand on the function, and are put back behind it.
  select jsonb_object_agg(polrelid::regclass::text, (regexp_match(pg_get_expr(polqual, polrelid), '(\w+) IN '))[1]) into v_concealed
    from pg_catalog.pg_policy where polname = 'concealed_with_team';
  for v_table in select key as name from jsonb_each_text(v_concealed) loop
    execute format('drop policy concealed_with_team on %s', v_table.name);
  end loop;
  drop function app.hidden_teams();

  execute $sql$
-- The teams of the scope's organisation that are not there for the caller: the deleted ones, and the secluded ones that they may not see.
-- A secluded team is seen by who may see all, by who oversees it or a team above, and by who belongs to each private team of its
-- path or to one beneath that. So nobody sees a team without seeing the one above.
create function app.hidden_teams() returns setof uuid
language plpgsql stable security definer rows 50
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_sees_all boolean;
  v_entered uuid[];
  v_overseen uuid[];
begin
  return query select t.id from public.teams t where t.organization_id = v_organization and t.deleted_at is not null;
  if not exists (select from public.teams t where t.organization_id = v_organization and t.secluded) then
    return;
  end if;
  select s.sees_all, s.entered, s.overseen into v_sees_all, v_entered, v_overseen
    from app.team_sight(v_organization, app.user_id(), null) s;
  if v_sees_all then
    return;
  end if;
  -- Of many secluded teams most are looked at once: by the first that is private above them.
  if v_overseen = '{}' then
    return query select t.id from public.teams t
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null
        and not (t.private_path[1] = any (v_entered) and t.private_path <@ v_entered);
  else
    return query select t.id from public.teams t
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null
        and not (t.private_path <@ v_entered or t.path && v_overseen);
  end if;
end $$;
  $sql$;
  perform app.define_gate('app.hidden_teams()');

  for v_table in select key as name, value as team_column from jsonb_each_text(v_concealed) loop
    perform app.conceal_with_team(v_table.name::regclass, v_table.team_column::name);
  end loop;
end $do$;
