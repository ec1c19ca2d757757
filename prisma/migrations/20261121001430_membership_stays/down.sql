-- As it was.
drop trigger membership_stays on invitations;
create trigger keep_membership before update of member_id on invitations for each row
  when (new.member_id is distinct from old.member_id and not (old.status = 'pending' and new.status = 'accepted'))
  execute function app.keep_membership_of_invitation();
