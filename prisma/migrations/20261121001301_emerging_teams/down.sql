drop function app.emerge_teams(uuid, uuid, text);
revoke update (slug) on teams from tenantry_gate;
