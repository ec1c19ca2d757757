-- Memberships are changed and ended from inside their organisation, and never so that nobody owns it any more.

grant update (status) on members to tenantry_app;
grant delete on member_roles to tenantry_app;
grant execute on function app.is_last_owner(uuid, uuid), app.remove_member(uuid, uuid) to tenantry_app;

-- Refuses a commit after which an organisation would have no active owner, whoever it is that commits, and by whatever statement. It
-- takes the organisation's row, as whoever changes its owners has to do first, so that of two who go at once the second one sees
-- that the first has gone. Not in an isolation of REPEATABLE READ, which would not see it: nothing of ours runs in that.
create function app.keep_owner() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  c_owner constant uuid := '00000000-0000-7000-8000-000000000001';
begin
  if tg_table_name = 'members' then
    -- Whoever has lost the role in the same transaction is judged with the role.
    perform from public.member_roles h
      where h.organization_id = old.organization_id and h.member_id = old.id and h.role_id = c_owner;
    if not found then
      return null;
    end if;
  end if;
  perform from public.organizations o where o.id = old.organization_id and o.deleted_at is null for no key update;
  if found and not exists (
    select from public.member_roles h join public.members m on m.organization_id = h.organization_id and m.id = h.member_id
      where h.organization_id = old.organization_id and m.status = 'active' and h.role_id = c_owner
  ) then
    raise exception using errcode = 'TN409', message = 'last_owner';
  end if;
  return null;
end $$;

-- Asked at the commit, so that a transaction may take the one owner away before it makes the other. Who is deleted has lost their roles
-- before: a foreign key sees to it.
create constraint trigger keep_owner after update of status on members deferrable initially deferred for each row
  when (old.status = 'active' and new.status <> 'active') execute function app.keep_owner();
create constraint trigger keep_owner after update or delete on member_roles deferrable initially deferred for each row
  when (old.role_id = '00000000-0000-7000-8000-000000000001') execute function app.keep_owner();
select app.define_gate('app.keep_owner()');
