-- The outbox. A job is a row that commits or rolls back with the change that asks for it; graphile-worker keeps the
-- rows, in a schema that the server's role cannot enter. This function is the server's only way in: it adds a job, and can
-- neither read nor change one.
--
-- It runs in the server's own transactions, so it must be nobody's who signs in: an owner can replace a function, or make
-- it act as its caller. Nor is it the gate's, who would gain the queue and whose other functions have no use for it. So it
-- belongs to a role for this alone, which nobody signs in as. prisma/queue.sql grants that role, and the worker, their part
-- of graphile-worker's tables, and says how row level security stands there.
create function app.enqueue(p_task text, p_payload json) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  -- With graphile-worker's backoff (e^n seconds, six hours at most) the last attempt is about 16 hours after the
  -- first: a mail server that is away for a night costs no mail.
  v_max_attempts constant smallint := 12;
begin
  if p_task is null or p_task !~ '^[a-z][a-z_]{0,62}$' then
    raise exception 'a task is named in lower case and underscores' using errcode = 'invalid_parameter_value';
  end if;
  -- An array would be taken apart as a batch, and merged into one that waits under the same key.
  if json_typeof(p_payload) is distinct from 'object' then
    raise exception 'the payload of a job is an object' using errcode = 'invalid_parameter_value';
  end if;
  perform graphile_worker.add_job(p_task, p_payload, max_attempts => v_max_attempts);
end $$;

revoke all on function app.enqueue(text, json) from public;
grant execute on function app.enqueue(text, json) to tenantry_app;

-- Last, since the grants of a function go with it to its new owner.
grant create on schema app to tenantry_queue;
alter function app.enqueue(text, json) owner to tenantry_queue;
revoke create on schema app from tenantry_queue;
