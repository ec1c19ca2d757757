drop function app.change_email, app.find_email_change, app.issue_email_change;
revoke update (email, email_key) on users from tenantry_gate;
drop policy gate_updates on users;
delete from email_tokens where purpose = 'change_email';
drop index email_tokens_user_id_idx;
alter table email_tokens
  drop constraint email_tokens_change_check,
  alter column name set not null,
  drop column user_id,
  drop column session_id,
  drop column previous_email_key;
alter table email_tokens drop constraint email_tokens_purpose_check;
alter table email_tokens add constraint email_tokens_purpose_check
  check (purpose in ('verify_email', 'magic_link', 'reset_password'));
