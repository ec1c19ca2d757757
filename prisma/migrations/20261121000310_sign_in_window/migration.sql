-- The window is configured, and was longer before: what had been counted by then refused for the rest of the old one.
drop function app.count_sign_in;
-- Takes one of an address's requests, of which so many come back evenly in so many seconds, where there is one left. full_in:
-- milliseconds until all are back.
create function app.count_sign_in(
  p_address_hash bytea, p_requests integer, p_seconds integer, out allowed boolean, out full_in double precision
)
language plpgsql security definer
set search_path = ''
as $$
declare
  c_swept constant integer := 2;
  v_window constant interval := make_interval(secs => p_seconds);
  v_interval constant interval := make_interval(secs => p_seconds::double precision / p_requests);
  v_full_at timestamptz;
begin
  -- The condition is judged under the row's lock, so that of many at once no more get through than may.
  insert into public.sign_in_counts as c (address_hash, full_at)
    values (p_address_hash, clock_timestamp() + v_interval)
    on conflict (address_hash) do update set full_at = greatest(c.full_at, clock_timestamp()) + v_interval
      where c.full_at <= clock_timestamp() + v_window - v_interval
    returning c.full_at into v_full_at;
  allowed := found;
  if allowed then
    -- Each that is added takes away more than one that is over, so that the table never keeps what is.
    delete from public.sign_in_counts c where c.address_hash in (
      select o.address_hash from public.sign_in_counts o
        where o.full_at < clock_timestamp() order by o.full_at limit c_swept for update skip locked
    );
  else
    -- A server with a longer window has put it off: nobody waits longer than this one's.
    update public.sign_in_counts c set full_at = clock_timestamp() + v_window
      where c.address_hash = p_address_hash and c.full_at > clock_timestamp() + v_window;
    select c.full_at into v_full_at from public.sign_in_counts c where c.address_hash = p_address_hash;
  end if;
  full_in := greatest(0, extract(epoch from v_full_at - clock_timestamp()) * 1000);
end $$;
select app.define_gate('app.count_sign_in(bytea, integer, integer)');
