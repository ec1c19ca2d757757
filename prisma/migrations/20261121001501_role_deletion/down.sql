drop function app.reassign_role(uuid, uuid, integer);
drop function app.role_in_use(uuid);
drop function app.drop_ended_promises(uuid);
revoke update (role_id) on member_roles, team_members, invitation_roles, invitation_teams from tenantry_gate;
revoke update (keep_role) on ownership_transfers from tenantry_gate;
drop policy gate_reassigns on ownership_transfers;
drop policy gate_reassigns on invitation_teams;
drop policy gate_reassigns on invitation_roles;
drop policy gate_reassigns on member_roles;
