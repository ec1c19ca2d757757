-- A hash names its parameters. When they have been raised, a person's next sign-in makes a stronger hash of the same password.
grant update (hash) on passwords to tenantry_gate;
-- Only the function below puts one hash in the place of another.
create policy gate_updates on passwords for update to tenantry_gate using (true) with check (true);

-- Puts a stronger hash of the caller's password in the place of the current one. Nothing happens where that has been replaced
-- meanwhile: by another sign-in, or by a new password, which an old one must never undo.
create function app.strengthen_password(p_current text, p_replacement text) returns void
language sql security definer
set search_path = ''
as $$
  update public.passwords p set hash = p_replacement where p.user_id = app.user_id() and p.hash = p_current
$$;
select app.define_gate('app.strengthen_password(text, text)');
