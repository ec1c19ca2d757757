drop function app.count_sign_in;
drop table sign_in_counts;
