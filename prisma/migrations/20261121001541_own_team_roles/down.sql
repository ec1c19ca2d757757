drop function app.own_team_roles(uuid[]);
