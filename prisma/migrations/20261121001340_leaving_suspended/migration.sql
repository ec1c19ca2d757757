-- Whoever is a member may leave: also while they are suspended, or the organisation is.

-- As app.enter, for that one thing. Asks for the session and the account, and whether there is a membership to end.
create function app.enter_even_suspended(p_user uuid, p_session uuid, p_organization uuid, p_step_up boolean, out member_id uuid)
language plpgsql security definer
set search_path = ''
as $$
begin
  perform app.enter(p_user, p_session, null, null, '{}', p_step_up);

  select m.id into member_id
    from public.members m join public.organizations o on o.id = m.organization_id
    where m.organization_id = p_organization and m.user_id = p_user and m.status <> 'removed' and o.deleted_at is null;
  if not found then
    raise exception using errcode = 'TN404', message = 'not_found';
  end if;
  perform set_config('app.organization_id', p_organization::text, true);
end $$;
select app.define_gate('app.enter_even_suspended(uuid, uuid, uuid, boolean)');
