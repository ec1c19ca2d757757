drop function app.void_email_tokens();
