drop function app.strengthen_password;
drop policy gate_updates on passwords;
revoke update (hash) on passwords from tenantry_gate;
