drop trigger cancel_ownership_transfers on member_roles;
drop trigger cancel_ownership_transfers on members;
drop function app.cancel_ownership_transfers();
create function app.cancel_ownership_transfers() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_member uuid := case when tg_table_name = 'members' then to_jsonb(old) ->> 'id' else to_jsonb(old) ->> 'member_id' end;
begin
  -- In a deleted organisation roles go with who leaves, which is told below, or with all of it.
  if tg_table_name = 'member_roles'
    and not exists (select from public.organizations o where o.id = old.organization_id and o.deleted_at is null) then
    return null;
  end if;
  with cancelled as (
    update public.ownership_transfers t set status = 'cancelled'
      where t.organization_id = old.organization_id and t.status = 'pending'
        and (t.proposer_id = v_member or tg_table_name = 'members' and t.receiver_id = v_member)
      returning t.organization_id, t.id
  )
  insert into public.audit_events (organization_id, action, outcome, actor_type, target_type, target_id, changes)
    select c.organization_id, 'ownership_transfer.cancelled', 'success', 'system', 'ownership_transfer', c.id, '{}' from cancelled c;
  return null;
end $$;
create trigger cancel_ownership_transfers after update of status on members for each row
  when (new.status <> 'active') execute function app.cancel_ownership_transfers();
create trigger cancel_ownership_transfers after update or delete on member_roles for each row
  when (old.role_id = '00000000-0000-7000-8000-000000000001') execute function app.cancel_ownership_transfers();
select app.define_gate('app.cancel_ownership_transfers()');
