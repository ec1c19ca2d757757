-- What is granted in the job queue's schema, which belongs to tenantry_owner and not to the role that works in it: who owns a
-- function or a table decides what runs when somebody else uses it. Run as tenantry_owner at every deployment, after
-- graphile-worker's own migrations, so that it holds for what a new version of them brings.

grant usage on schema graphile_worker to tenantry_worker, tenantry_queue;
revoke execute on all functions in schema graphile_worker from public;

-- The worker takes, finishes, fails, adds and frees jobs, by statements of its own and by functions that act as their caller.
-- Ids are identity columns, whose sequences need no grant. The list of migrations is none of its business.
grant execute on all functions in schema graphile_worker to tenantry_worker;
grant select on graphile_worker.jobs to tenantry_worker;

-- app.enqueue adds jobs as tenantry_queue: add_job looks for the task and the queue of that name, and for a job of that key.
grant execute on function graphile_worker.add_job, graphile_worker.add_jobs to tenantry_queue;
grant select, insert on graphile_worker._private_tasks, graphile_worker._private_job_queues to tenantry_queue;
grant select, insert, update on graphile_worker._private_jobs to tenantry_queue;

-- Payloads are sealed under a master key, and tenantry_keys moves them to the next one.
grant usage on schema graphile_worker to tenantry_keys;
grant select (id, payload), update (payload) on graphile_worker._private_jobs to tenantry_keys;

-- graphile-worker enables row level security without a policy, as a second lock: a grant alone opens nothing. It stays, and a
-- policy names those who have business here; jobs belong to no organisation, so they see all of them. It is not forced:
-- graphile-worker's migrations move rows as the owner, and would find none.
do $$
declare
  v_table regclass;
begin
  for v_table in
    select oid from pg_catalog.pg_class
    where relnamespace = 'graphile_worker'::regnamespace and relkind in ('r', 'p') and relname <> 'migrations'
  loop
    execute format('grant select, insert, update, delete on %s to tenantry_worker', v_table);
    -- Only where it is missing: making a policy locks the table.
    if not exists (select from pg_catalog.pg_policy where polrelid = v_table and polname = 'queue') then
      execute format('create policy queue on %s to tenantry_worker, tenantry_queue using (true)', v_table);
    end if;
  end loop;
  if not exists (
    select from pg_catalog.pg_policy
    where polrelid = 'graphile_worker._private_jobs'::regclass and polname = 'keys_maintenance'
  ) then
    create policy keys_maintenance on graphile_worker._private_jobs to tenantry_keys using (true);
  end if;
end $$;
