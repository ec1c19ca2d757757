drop function app.find_limits(text, text, text);
drop function app.set_limit(text, text, text, text, jsonb);
drop function app.limit_in_words(jsonb);
drop table platform_settings;
