-- A search of an organisation's members looks at each of them: behind row level security an index finds no part of a text. So it looks
-- at one text a row, which holds all that is searched.
alter table members add column search_key text collate pg_c_utf8 not null
  generated always as (lower(name collate pg_c_utf8) || e'\n' || coalesce(lower(email collate pg_c_utf8), '')) stored;
