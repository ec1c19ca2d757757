drop trigger refuse_deleted_member on users;
drop function app.refuse_deleted_member();
grant update (activated_at, last_step) on totp_secrets to tenantry_app;
revoke update (activated_at) on totp_secrets from tenantry_gate;
drop function app.activate_second_factor(uuid, bigint);
