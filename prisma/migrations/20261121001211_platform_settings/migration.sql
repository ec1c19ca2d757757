-- What the operator sets for one organisation, above all that the organisation can set itself: how many seats it has. What is not
-- set here is as the servers' configuration says.

create table platform_settings (
  organization_id uuid not null default app.organization_id() references organizations (id),
  key text not null,
  -- null: no limit, whatever the configuration says.
  value jsonb not null,
  primary key (organization_id, key),
  check (
    case key
      when 'members.max' then value = 'null' or value #>> '{}' ~ '^[1-9][0-9]{0,5}$' and jsonb_typeof(value) = 'number'
      when 'teams.max_members' then value = 'null' or value #>> '{}' ~ '^[1-9][0-9]{0,5}$' and jsonb_typeof(value) = 'number'
      when 'members.count_pending' then jsonb_typeof(value) = 'boolean'
      else false
    end
  )
);
-- An organisation finds what holds for itself, and changes nothing of it.
select app.protect_table('platform_settings', 'organization', 'organization_id');
grant select on platform_settings to tenantry_app;
-- Only the function below sets it.
create policy gate_inserts on platform_settings for insert to tenantry_gate with check (true);
create policy gate_updates on platform_settings for update to tenantry_gate using (true) with check (true);
grant insert, update (value) on platform_settings to tenantry_gate;

-- A limit as people write it: "default" is what the configuration says.
create function app.limit_in_words(p_value jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$ select case when p_value is null then '"default"' when p_value = 'null' then '"none"' else p_value end $$;
grant execute on function app.limit_in_words(jsonb) to tenantry_gate;

-- Sets a limit of an organisation, given by its id or else its slug; takes it back where there is no value. Whoever is adding
-- somebody at that moment has done so before, or is judged by the new limit: both take the organisation's row. Those who are
-- there already stay.
create function app.set_limit(
  p_called_by text, p_reason text, p_organization text, p_key text, p_value jsonb, out outcome text, out id uuid
)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_old jsonb;
  v_call uuid;
begin
  select o.id into v_id from public.organizations o
    where o.id::text = p_organization or o.slug = p_organization order by o.id::text <> p_organization limit 1 for no key update;
  select s.value into v_old from public.platform_settings s where s.organization_id = v_id and s.key = p_key;
  if v_id is null then
    outcome := 'not_found';
  elsif v_old is not distinct from p_value then
    outcome := 'unchanged';
  elsif p_value is null then
    delete from public.platform_settings s where s.organization_id = v_id and s.key = p_key;
    outcome := 'changed';
  else
    insert into public.platform_settings (organization_id, key, value) values (v_id, p_key, p_value)
      on conflict (organization_id, key) do update set value = excluded.value;
    outcome := 'changed';
  end if;
  id := v_id;
  v_call := app.record_operator_call(p_called_by, p_reason, 'limit', outcome, 'organization', v_id);
  if outcome = 'changed' then
    insert into public.audit_events (organization_id, action, outcome, actor_type, target_type, target_id, changes, metadata)
      values (
        v_id, case when p_value is null then 'setting.reset' else 'setting.changed' end, 'success', 'system', 'organization', v_id,
        jsonb_build_object(p_key, jsonb_build_object('from', app.limit_in_words(v_old), 'to', app.limit_in_words(p_value))),
        jsonb_build_object('operator_call_id', v_call)
      );
  end if;
end $$;
select app.define_operation('app.set_limit(text, text, text, text, jsonb)');

-- The limits of an organisation, and how far they are used: by members that have not left, and by the largest team. The configuration
-- of the servers is not the database's to know.
create function app.find_limits(p_called_by text, p_reason text, p_organization text)
  returns table (id uuid, key text, value jsonb, used bigint)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_id uuid := (
    select o.id from public.organizations o
      where o.id::text = p_organization or o.slug = p_organization order by o.id::text <> p_organization limit 1
  );
begin
  perform app.record_operator_call(p_called_by, p_reason, 'limits', case when v_id is null then 'not_found' else 'found' end,
    'organization', v_id);
  return query
    select v_id, k.key, app.limit_in_words((select s.value from public.platform_settings s where s.organization_id = v_id and s.key = k.key)),
      case k.key when 'members.max' then
        (select count(*) from public.members m where m.organization_id = v_id and m.status <> 'removed')
      end
      from unnest(array['members.max', 'members.count_pending', 'teams.max_members']) as k (key)
      where v_id is not null;
end $$;
select app.define_operation('app.find_limits(text, text, text)');
