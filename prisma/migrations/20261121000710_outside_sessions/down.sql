drop function app.find_active_user;
alter table sessions drop column outside_key;
