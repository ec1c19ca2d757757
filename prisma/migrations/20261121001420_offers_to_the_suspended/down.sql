drop function app.hold_account;
