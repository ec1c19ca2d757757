drop trigger copy_member_to_teams on members;
drop function app.copy_member_to_teams();
drop trigger copy_member on team_members;
drop function app.copy_member();
drop policy gate_updates on team_members;
drop trigger count_version on team_members;
drop index team_members_organization_id_team_id_created_at_id_idx;
alter table team_members drop column name_key, drop column search_key;
select app.track_changes('team_members');
