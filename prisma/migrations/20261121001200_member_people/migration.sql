-- What an organisation knows of its people it keeps itself, so that its list of members is sorted, searched and paged by indexes that
-- organization_id leads, and a person's own row stays theirs alone. The copies follow the person while they are a member. Of somebody
-- who left stays what was known then, until they delete their account: then everything goes.

-- Counts below, and without the copies: they are no change of the membership, which is what If-Match is about.
drop trigger count_version on members;

alter table members
  add column name text not null default '',
  add column name_key text collate pg_c_utf8 not null generated always as (lower(name collate pg_c_utf8)) stored,
  -- null: of a deleted account.
  add column email text,
  add column email_key text collate pg_c_utf8 not null generated always as (coalesce(lower(email collate pg_c_utf8), '')) stored,
  add column avatar_url text;

-- Fills the copies of a new member. It waits for whoever is changing the person, so that no change falls between the two.
create function app.copy_person() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  select u.name, u.email, u.avatar_url into new.name, new.email, new.avatar_url
    from public.users u where u.id = new.user_id for share;
  return new;
end $$;
create trigger copy_person before insert or update of user_id on members for each row execute function app.copy_person();
select app.define_gate('app.copy_person()');

-- Those who are members already. Without FORCE the owner of the table, who runs this, sees all rows of it.
alter table members no force row level security;
update members set user_id = user_id;
alter table members force row level security;

-- Carries a change of a person to where they are a member, and their end to where they ever were.
create function app.copy_person_to_members() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  update public.members m set name = new.name, email = new.email, avatar_url = new.avatar_url
    where m.user_id = new.id and (m.status <> 'removed' or new.deleted_at is not null);
  return null;
end $$;
create trigger copy_person_to_members after update of name, email, avatar_url on users for each row
  when ((old.name, old.email, old.avatar_url) is distinct from (new.name, new.email, new.avatar_url))
  execute function app.copy_person_to_members();
select app.define_gate('app.copy_person_to_members()');
grant update (name, email, avatar_url) on members to tenantry_gate;

create trigger count_version before update on members for each row
  when ((old.name, old.email, old.avatar_url) is not distinct from (new.name, new.email, new.avatar_url))
  execute function app.count_version();

-- One for each order of the list; those who left are in it, too.
create index members_organization_id_name_key_id_idx on members (organization_id, name_key, id);
create index members_organization_id_email_key_id_idx on members (organization_id, email_key, id);
create index members_organization_id_joined_at_id_idx on members (organization_id, joined_at, id);
-- What the list is counted by, where it is asked for by status.
create index members_organization_id_status_idx on members (organization_id, status);
-- From a person to all that they ever were a member of.
drop index members_user_id_idx;
create index members_user_id_idx on members (user_id);
