drop function app.decline_invitation(uuid, bytea, inet, text, text);
revoke insert (organization_id, team_id, member_id, role_id) on team_members from tenantry_gate;
drop policy gate_inserts on team_members;
drop function app.join_promised_teams(uuid);
drop function app.promises_of_invitation(uuid);
drop function app.hold_invitation(uuid, uuid, bytea);
drop function app.own_invitations();
drop function app.invitee_is_known(uuid, bytea);
