-- A team's list of members is sorted, searched and paged by indexes of its own, as the organisation's is: what it goes by is copied from
-- the member, and follows them.

alter table team_members
  add column name_key text collate pg_c_utf8 not null default '',
  add column search_key text collate pg_c_utf8 not null default '';

-- Fills the copies of a new team member. It waits for whoever is changing or ending the membership of the organisation, and refuses
-- somebody who has left: of an addition and a removal at once, whichever comes second sees the first.
create function app.copy_member() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_member record;
begin
  select m.status, m.name_key, m.search_key into v_member
    from public.members m where m.organization_id = new.organization_id and m.id = new.member_id for share;
  if v_member.status = 'removed' then
    raise exception using errcode = 'check_violation', table = 'team_members', constraint = 'team_members_member_id_check',
      message = 'whoever has left the organisation is in no team of it';
  end if;
  -- Nobody's at all is refused by the key.
  new.name_key := coalesce(v_member.name_key, '');
  new.search_key := coalesce(v_member.search_key, '');
  return new;
end $$;
create trigger copy_member before insert or update of member_id on team_members for each row execute function app.copy_member();
select app.define_gate('app.copy_member()');

-- The copies follow, and count below: they are no change of the membership, which is what If-Match is about.
drop trigger count_version on team_members;
create trigger count_version before update on team_members for each row
  when ((old.name_key, old.search_key) is not distinct from (new.name_key, new.search_key)) execute function app.count_version();

create function app.copy_member_to_teams() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  update public.team_members t set name_key = new.name_key, search_key = new.search_key
    where t.organization_id = new.organization_id and t.member_id = new.id;
  return null;
end $$;
create trigger copy_member_to_teams after update of name, email on members for each row
  when ((old.name_key, old.search_key) is distinct from (new.name_key, new.search_key))
  execute function app.copy_member_to_teams();
select app.define_gate('app.copy_member_to_teams()');
create policy gate_updates on team_members for update to tenantry_gate using (true) with check (true);
grant update (name_key, search_key) on team_members to tenantry_gate;

-- One for each order of the list.
create index team_members_organization_id_team_id_name_key_id_idx on team_members (organization_id, team_id, name_key, id);
create index team_members_organization_id_team_id_created_at_id_idx on team_members (organization_id, team_id, created_at, id);
