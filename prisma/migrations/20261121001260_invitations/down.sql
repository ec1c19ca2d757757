drop trigger forget_invitee on users;
drop function app.forget_invitee();
drop function app.members_of_addresses(text[]);
drop function app.find_invitation(uuid, bytea);
drop table invitation_roles;
drop table invitations;
drop function app.keep_invitation_state();
drop function app.invitation_status(text, timestamptz);
