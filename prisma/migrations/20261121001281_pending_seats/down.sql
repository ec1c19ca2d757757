drop function app.find_limits(text, text, text);
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
      case k.key
        when 'members.max' then
          (select count(*) from public.members m where m.organization_id = v_id and m.status <> 'removed')
        when 'teams.max_members' then
          (select coalesce(max(size), 0) from (
            select count(*) as size from public.team_members t where t.organization_id = v_id group by t.team_id
          ) as teams)
      end
      from unnest(array['members.max', 'members.count_pending', 'teams.max_members']) as k (key)
      where v_id is not null;
end $$;
select app.define_operation('app.find_limits(text, text, text)');
