-- Who has shown a first factor alone may be anybody who knows a password or reads somebody's mail: what they do is in that person's
-- log, and is not told as that person's own doing. The server knows how far they have come; the scope does not tell.
grant insert (anonymous) on security_events to tenantry_app;
