drop trigger cancel_ownership_transfers on member_roles;
drop trigger cancel_ownership_transfers on members;
drop table ownership_transfers;
drop function app.cancel_ownership_transfers();
