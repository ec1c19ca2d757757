-- How an owner hands an organisation over: they propose it to a member, and nothing changes until that member accepts.

create table ownership_transfers (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  -- Who ceases to be an owner, and who becomes one.
  proposer_id uuid not null,
  receiver_id uuid not null check (receiver_id <> proposer_id),
  -- What the proposer holds in place of it, by key: a role that is there no longer when it is accepted refuses that.
  keep_role text not null check (keep_role <> 'owner'),
  status text not null default 'pending' check (status in ('pending', 'accepted', 'cancelled')),
  created_at timestamptz(6) not null default now(),
  primary key (organization_id, id),
  foreign key (organization_id, proposer_id) references members (organization_id, id),
  foreign key (organization_id, receiver_id) references members (organization_id, id)
);
-- One at a time, whoever proposes.
create unique index ownership_transfers_organization_id_pending_key on ownership_transfers (organization_id) where status = 'pending';
create index ownership_transfers_organization_id_proposer_id_idx on ownership_transfers (organization_id, proposer_id);
create index ownership_transfers_organization_id_receiver_id_idx on ownership_transfers (organization_id, receiver_id);
-- Who owns an organisation is its own affair.
select app.protect_table('ownership_transfers', 'organization', 'organization_id');
grant select, insert (proposer_id, receiver_id, keep_role), update (status) on ownership_transfers to tenantry_app;
-- Over is over.
create policy pending_ends on ownership_transfers as restrictive for update to tenantry_app using (status = 'pending') with check (true);

-- One that waits ends when either side can't do their part any more: a proposer who is no active owner has nothing to hand over, and
-- ownership goes to nobody who is suspended or has left. By whatever path that came about, it would else be theirs to accept again
-- when they are back, by which time nobody thinks of it.
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
create policy gate_cancels on ownership_transfers for update to tenantry_gate using (true) with check (status = 'cancelled');
grant update (status) on ownership_transfers to tenantry_gate;
create trigger cancel_ownership_transfers after update of status on members for each row
  when (new.status <> 'active') execute function app.cancel_ownership_transfers();
create trigger cancel_ownership_transfers after update or delete on member_roles for each row
  when (old.role_id = '00000000-0000-7000-8000-000000000001') execute function app.cancel_ownership_transfers();
select app.define_gate('app.cancel_ownership_transfers()');
