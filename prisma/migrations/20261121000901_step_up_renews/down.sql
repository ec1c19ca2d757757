revoke update (authenticated_at, authentication_methods) on sessions from tenantry_app;
