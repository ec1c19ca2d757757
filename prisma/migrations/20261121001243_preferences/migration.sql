-- How each member arranges an organisation for themselves.

create table preferences (
  organization_id uuid not null default app.organization_id(),
  member_id uuid not null,
  -- No keys: an id says nothing of a team, whether there is one or whether they may see it.
  team_order uuid[] not null,
  sidebar_preferences jsonb not null check (jsonb_typeof(sidebar_preferences) = 'object'),
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  primary key (organization_id, member_id),
  foreign key (organization_id, member_id) references members (organization_id, id)
);
select app.track_changes('preferences');
-- Preferences belong to an organisation,
select app.protect_table('preferences', 'organization', 'organization_id');
-- and in it to the one member who sees and changes them. The sub-select is evaluated once a statement.
create policy own_rows on preferences as restrictive to tenantry_app using (
  member_id = (
    select id from members where user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and status <> 'removed'
  )
);
grant select, insert on preferences to tenantry_app;
grant update (team_order, sidebar_preferences) on preferences to tenantry_app;

-- They go with the membership, whoever ends it: nobody else can delete them.
create function app.drop_preferences() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  delete from public.preferences p where p.organization_id = new.organization_id and p.member_id = new.id;
  return null;
end $$;
create trigger drop_preferences after update of status on members for each row
  when (old.status <> 'removed' and new.status = 'removed') execute function app.drop_preferences();
select app.define_gate('app.drop_preferences()');
