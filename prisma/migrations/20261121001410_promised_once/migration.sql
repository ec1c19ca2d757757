-- An invitation makes one membership, and puts that into teams once: whoever is taken out of one later does not come back by it.

create function app.keep_membership_of_invitation() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = 'check_violation', message = 'an invitation makes a membership when it is accepted, and no other';
end $$;
create trigger keep_membership before update of member_id on invitations for each row
  when (new.member_id is distinct from old.member_id and not (old.status = 'pending' and new.status = 'accepted'))
  execute function app.keep_membership_of_invitation();

drop function app.join_promised_teams(uuid);
-- Puts whoever has just accepted an invitation into the teams that it promises and that are there: the policies let nobody into a
-- private team that they don't see yet. Once: the membership is as old as the transaction.
create function app.join_promised_teams(p_invitation uuid) returns table (id uuid, team_id uuid, role text)
language sql security definer
set search_path = ''
as $$
  with joined as (
    insert into public.team_members (organization_id, team_id, member_id, role_id)
      select p.organization_id, p.team_id, i.member_id, p.role_id
        from public.invitations i
          join public.members m on m.organization_id = i.organization_id and m.id = i.member_id and m.user_id = app.user_id()
            and m.created_at = now()
          join public.invitation_teams p on p.organization_id = i.organization_id and p.invitation_id = i.id
          join public.teams t on t.organization_id = p.organization_id and t.id = p.team_id and t.deleted_at is null
        where i.organization_id = app.organization_id() and i.id = p_invitation and i.status = 'accepted'
        order by p.team_id
      returning organization_id, id, team_id, role_id
  )
  select j.id, j.team_id, r.key from joined j join public.roles r on r.organization_id = j.organization_id and r.id = j.role_id
    order by j.team_id
$$;
select app.define_gate('app.join_promised_teams(uuid)');
