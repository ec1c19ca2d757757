-- What happened in an organisation, written in the transaction that did it. The server appends and never changes a row.

create table audit_events (
  organization_id uuid not null default app.organization_id(),
  id uuid not null default uuidv7(),
  occurred_at timestamptz(6) not null default clock_timestamp(),
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  outcome text not null check (outcome in ('success', 'denied', 'failure')),
  actor_type text not null check (actor_type in ('user', 'system')),
  actor_id uuid,
  actor_member_id uuid,
  target_type text not null,
  target_id uuid not null,
  team_id uuid,
  -- Ids and harmless values only: a personal field shows {"changed": true}.
  changes jsonb not null default '{}' check (jsonb_typeof(changes) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  ip_address inet,
  user_agent text check (char_length(user_agent) <= 512),
  request_id text check (char_length(request_id) <= 64),
  session_id uuid,
  primary key (organization_id, id)
);
-- No foreign keys: what happened outlives what it happened to.
-- An organisation's log is its own.
select app.protect_table('audit_events', 'organization', 'organization_id');
-- Append-only: no UPDATE, DELETE or TRUNCATE for anybody but the owner of the schema. Reading comes with the audit feature.
-- By column, so that when it happened, where, and under which id is the database's word and not the server's.
grant insert (action, outcome, actor_type, actor_id, actor_member_id, target_type, target_id, changes, metadata,
  ip_address, user_agent, request_id, session_id) on audit_events to tenantry_app;
