select app.drop_encrypted_column('users', 'phone');
