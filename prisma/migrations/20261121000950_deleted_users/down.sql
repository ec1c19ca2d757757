drop trigger refuse_deleted_user on email_tokens;
drop trigger refuse_deleted_user on mfa_challenges;
drop trigger refuse_deleted_user on second_factor_failures;
drop trigger refuse_deleted_user on recovery_codes;
drop trigger refuse_deleted_user on totp_secrets;
drop trigger refuse_deleted_user on user_keys;
drop trigger refuse_deleted_user on members;
drop trigger refuse_deleted_user on passwords;
drop trigger refuse_deleted_user on sessions;
drop function app.refuse_deleted_user;
-- Whoever has been deleted stays so: an address that is nobody's, and no way in.
update users set email = 'deleted-' || id || '@invalid', email_key = 'deleted-' || id || '@invalid' where deleted_at is not null;
alter table users
  drop constraint users_deleted_check,
  drop column deleted_at,
  alter column email set not null,
  alter column email_key set not null;
