drop trigger drop_preferences on members;
drop function app.drop_preferences;
drop table preferences;
