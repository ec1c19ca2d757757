drop function app.own_organizations, app.enter;
revoke all on users, sessions, organizations, members, member_roles, roles from tenantry_gate;
grant insert on roles to tenantry_gate;
drop policy gate_reads on users;
drop policy gate_reads on sessions;
drop policy gate_reads on organizations;
drop policy gate_reads on members;
drop policy gate_reads on member_roles;
drop policy gate_reads on roles;
