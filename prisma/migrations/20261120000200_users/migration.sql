-- People and their sign-ins. A row belongs to its user and is seen by nobody else; what an organisation needs of a
-- person (name, address) is kept by the organisation.

create table users (
  id uuid primary key default uuidv7(),
  email text not null check (char_length(email) <= 320),
  -- The address folded to the one form that tells people apart: NFKC, lower case, domain in ASCII.
  email_key text not null constraint users_email_key_key unique check (char_length(email_key) <= 320),
  name text not null check (char_length(name) between 1 and 200),
  avatar_url text check (char_length(avatar_url) <= 2048),
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  suspended_at timestamptz(6)
);
select app.track_changes('users');
-- A person sees and changes their own profile, and no other.
select app.protect_table('users', 'user', 'id');
grant select, insert on users to tenantry_app;
grant update (name, avatar_url) on users to tenantry_app;

create table sessions (
  user_id uuid not null references users (id),
  id uuid not null default uuidv7(),
  created_at timestamptz(6) not null default now(),
  last_seen_at timestamptz(6) not null default now(),
  expires_at timestamptz(6) not null,
  ended_at timestamptz(6),
  -- When the person last proved who they are, and how (RFC 8176): what a step-up renews.
  authenticated_at timestamptz(6) not null default now(),
  authentication_methods text[] not null,
  ip_address inet not null,
  user_agent text check (char_length(user_agent) <= 512),
  primary key (user_id, id)
);
-- A person sees, begins and ends their own sessions, and no other's.
select app.protect_table('sessions', 'user', 'user_id');
grant select, insert on sessions to tenantry_app;
grant update (last_seen_at, ended_at) on sessions to tenantry_app;
