drop function app.erase_user, app.leave_organizations, app.remove_member, app.is_last_owner;
revoke update (name, avatar_url, phone, suspended_at, deleted_at) on users from tenantry_gate;
revoke delete on passwords, totp_secrets, recovery_codes from tenantry_gate;
drop policy gate_deletes on recovery_codes;
drop policy gate_deletes on totp_secrets;
drop policy gate_deletes on passwords;
revoke insert (organization_id, action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, changes, ip_address,
  user_agent, request_id, session_id) on audit_events from tenantry_gate;
drop policy gate_inserts on audit_events;
revoke update (version) on organizations from tenantry_gate;
drop policy gate_locks on organizations;
revoke delete on member_roles from tenantry_gate;
drop policy gate_deletes on member_roles;
revoke update (status) on members from tenantry_gate;
drop policy gate_updates on members;
