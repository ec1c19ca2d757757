-- An address of an invitation is looked for among the users' by their index, which has the collation of the database: compared in that of
-- the invitation, every user would be looked at.
drop function app.invitee_is_known(uuid, bytea);

-- Whether whoever has a mailed token has a user already. Of a token that was not mailed it tells nothing: that proves no address.
create function app.invitee_is_known(p_organization uuid, p_token_hash bytea) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (
    select from public.invitations i join public.users u on u.email_key = i.email_key collate "default"
      where i.organization_id = p_organization and i.token_hash = p_token_hash and i.mailed
  )
$$;
select app.define_gate('app.invitee_is_known(uuid, bytea)');
