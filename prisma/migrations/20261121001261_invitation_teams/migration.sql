-- An invitation also says to which teams somebody is to belong, and as what. What it promises are roles of the right kind, by the key.

alter table invitation_roles
  drop constraint invitation_roles_organization_id_role_id_fkey,
  add column role_scope text not null generated always as ('organization') stored,
  add foreign key (organization_id, role_id, role_scope) references roles (organization_id, id, scope);

create table invitation_teams (
  organization_id uuid not null default app.organization_id(),
  invitation_id uuid not null,
  team_id uuid not null,
  role_id uuid not null,
  role_scope text not null generated always as ('team') stored,
  primary key (organization_id, invitation_id, team_id),
  foreign key (organization_id, invitation_id) references invitations (organization_id, id),
  -- A team that is purged is promised to nobody any more.
  foreign key (organization_id, team_id) references teams (organization_id, id) on delete cascade,
  foreign key (organization_id, role_id, role_scope) references roles (organization_id, id, scope)
);
create index invitation_teams_organization_id_team_id_idx on invitation_teams (organization_id, team_id);
create index invitation_teams_organization_id_role_id_idx on invitation_teams (organization_id, role_id);
-- Which teams somebody is invited to is the organisation's own,
select app.protect_table('invitation_teams', 'organization', 'organization_id');
-- and tells nobody of a team that they may not see. A team that is deleted is left out, too, until it is back.
select app.conceal_with_team('invitation_teams', 'team_id');
grant select, insert on invitation_teams to tenantry_app;
