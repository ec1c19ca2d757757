drop function app.accept_second_factor, app.count_failed_second_factor, app.second_factor_wait;
drop table second_factor_failures, recovery_codes, totp_secrets;
