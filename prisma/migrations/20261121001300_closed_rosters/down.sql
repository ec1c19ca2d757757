drop function app.roles_held_on(uuid[]);
drop policy closed_roster on team_members;
drop function app.closed_rosters();
