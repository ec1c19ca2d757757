-- A person who has deleted their account. The row stays, because what happened in organisations names its id; whatever told who they
-- were has gone. They are suspended as well, so that every way in is closed to them as it is to whoever is suspended, and can't
-- be opened again.

alter table users
  alter column email drop not null,
  alter column email_key drop not null,
  add column deleted_at timestamptz(6),
  add constraint users_deleted_check check (
    case when deleted_at is null then num_nulls(email, email_key) = 0
      else num_nonnulls(email, email_key, avatar_url, phone) = 0 and name = 'deleted user' and suspended_at is not null end
  );

-- Refuses what would belong to somebody who is deleting their account at this moment: it waits for that, and finds nobody. As a
-- serialization failure, so that the work comes again and is told who they are by then.
create function app.refuse_deleted_user() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_deleted_at timestamptz;
begin
  select u.deleted_at into v_deleted_at from public.users u where u.id = new.user_id for key share;
  if v_deleted_at is not null then
    raise exception using errcode = 'serialization_failure', message = 'this user has been deleted';
  end if;
  return new;
end $$;

create trigger refuse_deleted_user before insert on sessions for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on passwords for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on members for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on user_keys for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on totp_secrets for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on recovery_codes for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on second_factor_failures for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on mfa_challenges for each row execute function app.refuse_deleted_user();
create trigger refuse_deleted_user before insert on email_tokens for each row when (new.user_id is not null)
  execute function app.refuse_deleted_user();
-- Last: who makes a trigger has to have its function.
select app.define_gate('app.refuse_deleted_user()');
