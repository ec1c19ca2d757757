drop function app.sweep_sessions, app.sweep_refresh_tokens, app.sweep_sign_in_failures, app.sweep_email_tokens;
revoke delete on refresh_tokens, sessions from tenantry_gate;
drop policy gate_deletes on sessions;
drop policy gate_deletes on refresh_tokens;
drop index sessions_expires_at_idx, refresh_tokens_user_id_session_id_idx, refresh_tokens_spent_at_idx,
  sign_in_failures_window_started_at_idx, email_tokens_expires_at_idx;
