drop function app.enter_even_deleted;
revoke update (deleted_at) on organizations from tenantry_app;
