-- Any slug will do for a team beneath a private one. When that comes into the open, what is beneath it does, too, and slugs are taken there.

grant update (slug) on teams to tenantry_gate;

-- Call it before a secluded team is moved or shown. Where it comes into the open by that: deleted teams beneath it give way to whoever has
-- their slug there, and get another one. Answers these; and those that are there, with no new slug, whose slug is taken in the open.
create function app.emerge_teams(p_team uuid, p_parent uuid, p_visibility text) returns table (id uuid, old_slug text, new_slug text)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_emerging uuid[];
begin
  if p_visibility = 'private' or exists (
    select from public.teams t where t.organization_id = v_organization and t.id = p_parent and t.secluded
  ) then
    return;
  end if;
  v_emerging := array(
    select b.id from public.teams t join public.teams b on b.organization_id = t.organization_id and b.path @> array[t.id]
      where t.organization_id = v_organization and t.id = p_team and b.private_path <@ t.private_path
  );
  return query
    update public.teams t set slug = rtrim(left(t.slug, 35), '-') || '-' || right(gen_random_uuid()::text, 12)
      where t.organization_id = v_organization and t.id = any (v_emerging) and t.deleted_at is not null and exists (
        select from public.teams o
          where o.organization_id = v_organization and o.slug = t.slug and o.id <> t.id and (not o.secluded or o.id = any (v_emerging))
      )
      returning new.id, old.slug, new.slug;
  return query
    select t.id, t.slug, null::text from public.teams t
      where t.organization_id = v_organization and t.id = any (v_emerging) and t.id <> p_team and t.deleted_at is null and exists (
        select from public.teams o
          where o.organization_id = v_organization and o.slug = t.slug and o.id <> t.id and (not o.secluded or o.id = any (v_emerging))
      )
      order by t.path;
end $$;
select app.define_gate('app.emerge_teams(uuid, uuid, text)');
