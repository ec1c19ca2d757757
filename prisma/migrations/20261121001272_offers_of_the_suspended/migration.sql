-- Whom the operator suspends offers ownership to nobody any more, and is offered none: an account is suspended because somebody else may
-- be behind it, and an offer that it has made would else be there to be accepted.
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
