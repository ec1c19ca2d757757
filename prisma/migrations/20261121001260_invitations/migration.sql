-- Invitations: somebody at an address is asked in, with the roles that they are to hold. What may become of one stands here, so that
-- no statement of the server's makes more of it: one membership at most, and never after it is over.

create table invitations (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  -- As it was typed; null: of a deleted account, and over.
  email text check (char_length(email) between 3 and 320),
  -- Whose address it is: the identity that users.email_key is. Empty where the address is null.
  email_key text collate pg_c_utf8 not null check (char_length(email_key) <= 320),
  -- Pending ones have expired when their time is over; `expired` is written when somebody comes by. app.invitation_status tells.
  status text not null default 'pending' check (status in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  -- Whose power it hands out: judged again when it is accepted.
  inviter_id uuid not null,
  message text check (char_length(message) <= 500),
  -- Of the whole token, which has the organisation's id in it. It stays when the invitation is over, so that the link can say so.
  token_hash bytea not null check (octet_length(token_hash) = 32),
  -- Whether the token went to the address: then whoever has it has the mailbox.
  mailed boolean not null,
  -- Counted from now whenever there is a new token.
  valid_days integer not null default 7 check (valid_days between 1 and 30),
  expires_at timestamptz(6) not null,
  -- When it was sent again, within a day.
  resent_at timestamptz(6)[] not null default '{}',
  -- The membership that it made.
  member_id uuid,
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  primary key (organization_id, id),
  foreign key (organization_id, inviter_id) references members (organization_id, id),
  foreign key (organization_id, member_id) references members (organization_id, id),
  constraint invitations_organization_id_token_hash_key unique (organization_id, token_hash),
  constraint invitations_organization_id_member_id_key unique (organization_id, member_id),
  constraint invitations_accepted_check check ((status = 'accepted') = (member_id is not null)),
  constraint invitations_erased_check check (
    case when email is null then email_key = '' and status <> 'pending' else email_key <> '' end
  )
);
-- One pending for each address. Its name tells whoever is refused which field it was.
create unique index invitations_organization_id_email_key on invitations (organization_id, email_key) where status = 'pending';
-- One for each order of the list, one for what it is counted by, one for the foreign key.
create index invitations_organization_id_created_at_id_idx on invitations (organization_id, created_at, id);
create index invitations_organization_id_email_key_id_idx on invitations (organization_id, email_key, id);
create index invitations_organization_id_status_expires_at_idx on invitations (organization_id, status, expires_at);
create index invitations_organization_id_inviter_id_idx on invitations (organization_id, inviter_id);
-- From an address to whatever it was ever invited to.
create index invitations_email_key_idx on invitations (email_key);
select app.track_changes('invitations');
-- Invitations are an organisation's own.
select app.protect_table('invitations', 'organization', 'organization_id');
-- A hash is written and never read. When it expires, and how often it was sent, is the database's word.
grant select (organization_id, id, email, email_key, status, inviter_id, message, mailed, valid_days, expires_at, resent_at, member_id,
  version, created_at, updated_at) on invitations to tenantry_app;
grant insert (id, email, email_key, inviter_id, message, token_hash, mailed, valid_days) on invitations to tenantry_app;
grant update (status, token_hash, mailed, member_id) on invitations to tenantry_app;

create table invitation_roles (
  organization_id uuid not null default app.organization_id(),
  invitation_id uuid not null,
  role_id uuid not null,
  primary key (organization_id, invitation_id, role_id),
  foreign key (organization_id, invitation_id) references invitations (organization_id, id),
  foreign key (organization_id, role_id) references roles (organization_id, id)
);
create index invitation_roles_organization_id_role_id_idx on invitation_roles (organization_id, role_id);
-- What somebody is invited to be is the organisation's own.
select app.protect_table('invitation_roles', 'organization', 'organization_id');
grant select, insert on invitation_roles to tenantry_app;

-- What an invitation is at this moment. The predicates of lists say the same, so that an index finds them.
create function app.invitation_status(p_status text, p_expires_at timestamptz) returns text
language sql stable parallel safe
set search_path = ''
as $$ select case when p_status = 'pending' and p_expires_at <= now() then 'expired' else p_status end $$;
grant execute on function app.invitation_status(text, timestamptz) to tenantry_app, tenantry_gate;

-- What may become of an invitation, whoever writes. A new token begins its time anew, five times a day, and also after that was over;
-- whatever else it has become, it stays.
create function app.keep_invitation_state() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  c_resends constant integer := 5;
  c_window constant interval := '1 day';
begin
  if tg_op = 'INSERT' then
    new.status := 'pending';
    new.expires_at := now() + make_interval(days => new.valid_days);
    return new;
  end if;

  if new.token_hash <> old.token_hash then
    if old.status not in ('pending', 'expired') then
      raise exception using errcode = 'check_violation', message = 'an invitation that is over is not sent again';
    end if;
    new.resent_at := array(select t from unnest(old.resent_at) t where t > now() - c_window order by t) || now();
    if cardinality(new.resent_at) > c_resends then
      raise exception using errcode = 'check_violation', message = 'the invitation was sent too often';
    end if;
    new.status := 'pending';
    new.expires_at := now() + make_interval(days => new.valid_days);
  elsif new.mailed <> old.mailed then
    raise exception using errcode = 'check_violation', message = 'it is the token that is mailed or not';
  elsif new.status <> old.status and not (
    old.status = 'pending' and case when new.status = 'expired' then old.expires_at <= now() else old.expires_at > now() end
  ) then
    raise exception using errcode = 'check_violation', message = 'an invitation that is over stays what it is';
  end if;
  return new;
end $$;
create trigger keep_state before insert or update on invitations for each row execute function app.keep_invitation_state();

-- What a token stands for, whatever has become of it; nothing where the token is unknown, or the organisation is not there any more.
-- The organisation's id is in the token.
create function app.find_invitation(p_organization uuid, p_token_hash bytea) returns table (
  organization_id uuid, organization_name text, organization_slug text, organization_suspended boolean,
  id uuid, email text, email_key text, status text, roles text[], inviter_id uuid, inviter_name text, mailed boolean,
  expires_at timestamptz
)
language sql stable security definer
set search_path = ''
as $$
  select o.id, o.name, o.slug, o.suspended_at is not null,
    i.id, i.email, i.email_key, app.invitation_status(i.status, i.expires_at),
    array(
      select r.key from public.invitation_roles h
        join public.roles r on r.organization_id = h.organization_id and r.id = h.role_id
        where h.organization_id = i.organization_id and h.invitation_id = i.id order by r.key
    ),
    i.inviter_id, m.name, i.mailed, i.expires_at
    from public.invitations i
      join public.organizations o on o.id = i.organization_id
      join public.members m on m.organization_id = i.organization_id and m.id = i.inviter_id
    where i.organization_id = p_organization and i.token_hash = p_token_hash and o.deleted_at is null
$$;
select app.define_gate('app.find_invitation(uuid, bytea)');

-- Which of the addresses are a member's, also of one who is suspended. The identity of a person's address is known in users alone.
create function app.members_of_addresses(p_email_keys text[]) returns table (email_key text)
language sql stable security definer
set search_path = ''
as $$
  select u.email_key from public.users u join public.members m on m.user_id = u.id
    where m.organization_id = app.organization_id() and m.status <> 'removed' and u.email_key = any (p_email_keys)
$$;
select app.define_gate('app.members_of_addresses(text[])');

-- Who deletes their account declines what they were invited to, and no invitation keeps their address.
create function app.forget_invitee() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_declined record;
begin
  for v_declined in
    update public.invitations i set status = 'declined'
      where i.email_key = (old.email_key collate pg_c_utf8) and i.status = 'pending' and i.expires_at > now()
      returning i.organization_id, i.id
  loop
    perform app.record_consequence(v_declined.organization_id, 'invitation.declined', 'invitation', v_declined.id, null,
      '{"status": {"from": "pending", "to": "declined"}}', null);
  end loop;
  update public.invitations i set status = 'expired' where i.email_key = (old.email_key collate pg_c_utf8) and i.status = 'pending';
  update public.invitations i set email = null, email_key = '' where i.email_key = (old.email_key collate pg_c_utf8);
  return null;
end $$;
create trigger forget_invitee after update of deleted_at on users for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function app.forget_invitee();
select app.define_gate('app.forget_invitee()');
create policy gate_updates on invitations for update to tenantry_gate using (true) with check (true);
grant update (status, email, email_key) on invitations to tenantry_gate;
