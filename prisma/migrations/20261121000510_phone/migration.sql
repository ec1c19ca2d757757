-- A person's phone number, encrypted.
select app.add_encrypted_column('users', 'phone');
grant update (phone) on users to tenantry_app;
