drop function app.enqueue_mail(json);
revoke usage on schema app from tenantry_queue;
drop function app.recent_operator_calls(integer), app.remove_second_factor(text, text, text, bytea),
  app.unlock_sign_in(text, text, text, bytea), app.suspend_user(text, text, uuid, text, boolean),
  app.suspend_organization(text, text, text, boolean), app.find_user(text, text, uuid, text),
  app.find_organizations(text, text, text, text);
revoke update (created_at) on email_tokens from tenantry_gate;
revoke update (ended_at) on sessions from tenantry_gate;
revoke update (suspended_at) on organizations from tenantry_gate;
drop policy gate_suspends on organizations;
revoke insert (metadata) on audit_events from tenantry_gate;
alter table security_events drop column operator_call_id;
drop function app.record_operator_call(text, text, text, text, text, uuid);
drop table operator_calls;
drop function app.define_operation(regprocedure);
revoke usage on schema app from tenantry_operator;
