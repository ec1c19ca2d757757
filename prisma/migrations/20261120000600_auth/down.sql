drop function app.find_refresh_token, app.use_email_token, app.find_email_token, app.issue_email_token,
  app.forgive_failed_sign_ins, app.record_failed_sign_in, app.find_credentials;
drop table security_events;
drop table sign_in_failures;
drop table email_tokens;
drop table refresh_tokens;
drop table passwords;
revoke update (expires_at) on sessions from tenantry_app;
