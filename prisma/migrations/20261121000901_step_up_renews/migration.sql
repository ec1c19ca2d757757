-- A person who proves anew who they are does so for the session that they are in.
grant update (authenticated_at, authentication_methods) on sessions to tenantry_app;
