-- That an invitation which is over stays what it is, is asked first; and what the table's checks say needs no trigger.
drop trigger keep_membership on invitations;
create trigger membership_stays before update of member_id on invitations for each row
  when (old.member_id <> new.member_id) execute function app.keep_membership_of_invitation();
