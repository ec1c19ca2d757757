alter default privileges grant execute on functions to public;
drop function app.define_gate, app.track_changes, app.count_version, app.protect_table, app.user_id, app.organization_id;
drop schema app;
