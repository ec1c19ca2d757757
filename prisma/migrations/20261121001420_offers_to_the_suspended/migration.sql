-- To whom ownership is offered: whether the operator has suspended an account is in a table that only its person sees.

-- Whether the account of a member of the scope's organisation is in use. It stays so until the transaction ends: whoever suspends it
-- waits, and then finds the offer that has been made.
create function app.hold_account(p_member uuid) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  perform from public.users u
    where u.suspended_at is null
      and u.id = (select m.user_id from public.members m where m.organization_id = app.organization_id() and m.id = p_member)
    for share;
  return found;
end $$;
select app.define_gate('app.hold_account(uuid)');
