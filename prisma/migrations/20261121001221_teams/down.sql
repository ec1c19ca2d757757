drop trigger keep_team_place on teams;
drop function app.keep_team_place();
drop table team_members;
drop policy concealed_with_team on teams;
drop function app.conceal_with_team(regclass, name);
drop function app.hidden_teams();
drop function app.team_sight(uuid, uuid, uuid);
drop trigger count_version on teams;
drop trigger place_new_team on teams;
drop function app.place_new_team();
-- A slug was free beside that of a secluded team.
alter table teams no force row level security;
update teams set slug = left(slug, 35) || '-' || right(replace(id::text, '-', ''), 12) where secluded;
alter table teams force row level security;
drop index teams_organization_id_slug_key;
alter table teams
  drop column parent_team_id,
  drop column secluded,
  drop column path,
  drop column private_path,
  drop column visibility,
  drop column description,
  drop column name_key;
alter table teams add constraint teams_organization_id_slug_key unique (organization_id, slug);
drop index if exists teams_organization_id_created_at_id_idx;
select app.track_changes('teams');
