drop trigger end_team_memberships on members;
drop function app.end_team_memberships();
revoke insert (team_id) on audit_events from tenantry_gate;
drop function app.record_consequence(uuid, text, text, uuid, uuid, jsonb, uuid);
