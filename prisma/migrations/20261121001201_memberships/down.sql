drop trigger keep_owner on member_roles;
drop trigger keep_owner on members;
drop function app.keep_owner;
revoke execute on function app.is_last_owner(uuid, uuid), app.remove_member(uuid, uuid) from tenantry_app;
revoke delete on member_roles from tenantry_app;
revoke update (status) on members from tenantry_app;
