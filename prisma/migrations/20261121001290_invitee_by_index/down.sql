drop function app.invitee_is_known(uuid, bytea);

create function app.invitee_is_known(p_organization uuid, p_token_hash bytea) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (
    select from public.invitations i join public.users u on u.email_key = i.email_key
      where i.organization_id = p_organization and i.token_hash = p_token_hash and i.mailed
  )
$$;
select app.define_gate('app.invitee_is_known(uuid, bytea)');
