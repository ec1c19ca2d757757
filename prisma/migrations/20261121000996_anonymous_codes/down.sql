revoke insert (anonymous) on security_events from tenantry_app;
