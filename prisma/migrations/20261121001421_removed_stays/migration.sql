-- Whoever was removed comes back as another member, with the roles of that: no statement of the server's makes an ended membership go on.
create policy removed_stays on members as restrictive for update to tenantry_app using (status <> 'removed') with check (true);
