drop trigger cancel_ownership_transfers on member_roles;
drop trigger cancel_ownership_transfers on members;
drop function app.cancel_ownership_transfers();

create function app.cancel_ownership_transfers() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_member uuid := case when tg_table_name = 'members' then to_jsonb(old) ->> 'id' else to_jsonb(old) ->> 'member_id' end;
  v_cancelled record;
begin
  -- In a deleted organisation roles go with who leaves, which is told below, or with all of it.
  if tg_table_name = 'member_roles'
    and not exists (select from public.organizations o where o.id = old.organization_id and o.deleted_at is null) then
    return null;
  end if;
  for v_cancelled in
    update public.ownership_transfers t set status = 'cancelled'
      where t.organization_id = old.organization_id and t.status = 'pending'
        and (t.proposer_id = v_member or tg_table_name = 'members' and t.receiver_id = v_member)
      returning t.id
  loop
    perform app.record_consequence(
      old.organization_id, 'ownership_transfer.cancelled', 'ownership_transfer', v_cancelled.id, null, '{}',
      -- Whoever is leaving has left already.
      (select m.id from public.members m where m.organization_id = old.organization_id and m.user_id = app.user_id()
        order by m.status <> 'removed' desc, m.id = v_member desc limit 1)
    );
  end loop;
  return null;
end $$;
create trigger cancel_ownership_transfers after update of status on members for each row
  when (new.status <> 'active') execute function app.cancel_ownership_transfers();
create trigger cancel_ownership_transfers after update or delete on member_roles for each row
  when (old.role_id = '00000000-0000-7000-8000-000000000001') execute function app.cancel_ownership_transfers();
select app.define_gate('app.cancel_ownership_transfers()');

drop trigger cancel_ownership_transfers on users;
drop function app.cancel_offers_of_suspended();
create function app.cancel_offers_of_suspended() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_cancelled record;
begin
  for v_cancelled in
    update public.ownership_transfers t set status = 'cancelled'
      from public.members m
      where m.user_id = new.id and m.organization_id = t.organization_id and m.id in (t.proposer_id, t.receiver_id) and t.status = 'pending'
      returning t.organization_id, t.id
  loop
    perform app.record_consequence(
      v_cancelled.organization_id, 'ownership_transfer.cancelled', 'ownership_transfer', v_cancelled.id, null, '{}', null);
  end loop;
  return null;
end $$;
create trigger cancel_ownership_transfers after update of suspended_at on users for each row
  when (old.suspended_at is null and new.suspended_at is not null) execute function app.cancel_offers_of_suspended();
select app.define_gate('app.cancel_offers_of_suspended()');

drop function app.cancelled_offer(uuid);
