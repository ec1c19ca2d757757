-- What asking for second factors leaves behind goes, as what signing in does.

create index mfa_challenges_expires_at_idx on mfa_challenges (expires_at);
create index second_factor_failures_last_failed_at_idx on second_factor_failures (last_failed_at);

-- Questions for a second factor, a day after they have expired, answered or not.
create function app.sweep_mfa_challenges(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with expired as (
    select c.hash from public.mfa_challenges c
      where c.expires_at < now() - interval '1 day' order by c.expires_at limit p_limit for update skip locked
  )
  delete from public.mfa_challenges c using expired e where c.hash = e.hash;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_mfa_challenges(integer)');

-- Counts of wrong codes that nothing depends on: they begin anew after a day, and the delay has passed.
create function app.sweep_second_factor_failures(p_limit integer) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_swept integer;
begin
  with over as (
    select f.user_id from public.second_factor_failures f
      where f.last_failed_at < now() - interval '1 day' and f.blocked_until <= now()
      order by f.last_failed_at limit p_limit for update skip locked
  )
  delete from public.second_factor_failures f using over o where f.user_id = o.user_id;
  get diagnostics v_swept = row_count;
  return v_swept;
end $$;
select app.define_gate('app.sweep_second_factor_failures(integer)');
