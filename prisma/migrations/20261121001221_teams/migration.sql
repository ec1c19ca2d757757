-- Teams stand beneath each other, some are private, and members belong to them. Who may not see a team sees nothing that names it: not
-- because a statement leaves it out, but because the policies do.

alter table teams
  add column name_key text collate pg_c_utf8 not null generated always as (lower(name collate pg_c_utf8)) stored,
  add column description text not null default '' check (char_length(description) <= 2000),
  add column visibility text not null default 'organization' check (visibility in ('organization', 'private')),
  -- The ids from the root to the team itself: where it stands, said once.
  add column path uuid[],
  -- Those of the path that are private. A team among them, or beneath one of them, is secluded.
  add column private_path uuid[];

-- Teams that are there are roots. Without FORCE the owner of the table, who runs this, sees all rows of it.
alter table teams no force row level security;
alter table teams disable trigger count_version;
update teams set path = array[id], private_path = '{}';
alter table teams enable trigger count_version;
alter table teams force row level security;

alter table teams
  alter column path set not null,
  alter column private_path set not null,
  add constraint teams_path_check check (cardinality(path) between 1 and 5 and path[cardinality(path)] = id),
  add column parent_team_id uuid generated always as (path[cardinality(path) - 1]) stored,
  add column secluded boolean not null generated always as (private_path <> '{}') stored,
  add foreign key (organization_id, parent_team_id) references teams (organization_id, id),
  drop constraint teams_organization_id_slug_key;
-- Also of deleted teams. That of a secluded one stands in nobody's way, or else "taken" would tell that it is there.
create unique index teams_organization_id_slug_key on teams (organization_id, slug) where not secluded;
create index teams_organization_id_name_key_id_idx on teams (organization_id, name_key, id);
create index teams_organization_id_created_at_id_idx on teams (organization_id, created_at, id);
create index teams_organization_id_parent_team_id_idx on teams (organization_id, parent_team_id);
-- What somebody may not see is looked for among these.
create index teams_organization_id_id_idx on teams (organization_id, id) where secluded or deleted_at is not null;

-- A team of which nobody says where it stands is a root.
create function app.place_new_team() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.path := coalesce(new.path, array[new.id]);
  new.private_path := coalesce(new.private_path, case when new.visibility = 'private' then array[new.id] else '{}' end);
  return new;
end $$;
create trigger place_new_team before insert on teams for each row execute function app.place_new_team();

-- Where a team's ancestors stand is no change of the team, which is what If-Match is about; under whom it stands itself is one.
drop trigger count_version on teams;
create trigger count_version before update on teams for each row
  when (
    (old.path, old.private_path) is not distinct from (new.path, new.private_path)
    or (old.path[cardinality(old.path) - 1], old.visibility, old.deleted_at)
      is distinct from (new.path[cardinality(new.path) - 1], new.visibility, new.deleted_at)
  )
  execute function app.count_version();

-- That a member belongs to a team, and the role that they hold on it and on what is beneath it. The member is the organisation's own: the
-- key refuses anybody else, whatever the policies say.
create table team_members (
  organization_id uuid not null default app.organization_id() references organizations (id),
  id uuid not null default uuidv7(),
  team_id uuid not null,
  member_id uuid not null,
  role_id uuid not null,
  role_scope text not null generated always as ('team') stored,
  version integer not null default 1,
  created_at timestamptz(6) not null default now(),
  updated_at timestamptz(6) not null default now(),
  primary key (organization_id, id),
  constraint team_members_organization_id_team_id_member_id_key unique (organization_id, team_id, member_id),
  foreign key (organization_id, team_id) references teams (organization_id, id),
  foreign key (organization_id, member_id) references members (organization_id, id),
  foreign key (organization_id, role_id, role_scope) references roles (organization_id, id, scope)
);
create index team_members_organization_id_member_id_idx on team_members (organization_id, member_id);
create index team_members_organization_id_role_id_idx on team_members (organization_id, role_id);
select app.track_changes('team_members');
-- Who belongs to a team is the organisation's own.
select app.protect_table('team_members', 'organization', 'organization_id');
grant select, insert, delete on team_members to tenantry_app;
grant update (role_id) on team_members to tenantry_app;

-- How far a person sees into an organisation's private teams: whether into all of them; the teams that they belong to, with those above;
-- and the teams on which a role of theirs lets them see whatever is beneath. Of deleted teams only one counts that is named: for whoever
-- would have it back. Which system roles hold teams:read_private stands here once more than in the catalogue; a test compares.
create function app.team_sight(p_organization uuid, p_user uuid, p_deleted uuid,
  out sees_all boolean, out entered uuid[], out overseen uuid[])
language sql stable
set search_path = ''
as $$
  with me as (
    select m.id from public.members m
      where m.organization_id = p_organization and m.user_id = p_user and m.status = 'active'
  ), joined as (
    select t.id, t.path, case when r.system then r.key = 'admin' else 'teams:read_private' = any (r.permissions) end as oversees
      from me join public.team_members j on j.organization_id = p_organization and j.member_id = me.id
        join public.teams t on t.organization_id = p_organization and t.id = j.team_id and (t.deleted_at is null or t.id = p_deleted)
        join public.roles r on r.organization_id = p_organization and r.id = j.role_id
  )
  select
    exists (
      select from me join public.member_roles h on h.organization_id = p_organization and h.member_id = me.id
        join public.roles r on r.organization_id = p_organization and r.id = h.role_id
        where case when r.system then r.key in ('owner', 'admin') else 'teams:read_private' = any (r.permissions) end
    ),
    array(select distinct unnest(j.path) from joined j),
    array(select j.id from joined j where j.oversees)
$$;
grant execute on function app.team_sight(uuid, uuid, uuid) to tenantry_gate;

-- The teams of the scope's organisation that are not there for the caller: the deleted ones, and the secluded ones that they may not see.
-- A secluded team is seen by who may see all, by who oversees it or a team above, and by who belongs to each private team of its
-- path or to one beneath that. So nobody sees a team without seeing the one above.
create function app.hidden_teams() returns setof uuid
language plpgsql stable security definer rows 50
set search_path = ''
as $$
declare
  v_organization constant uuid := app.organization_id();
  v_sight record;
begin
  return query select t.id from public.teams t where t.organization_id = v_organization and t.deleted_at is not null;
  if not exists (select from public.teams t where t.organization_id = v_organization and t.secluded) then
    return;
  end if;
  select * into v_sight from app.team_sight(v_organization, app.user_id(), null);
  if not v_sight.sees_all then
    return query select t.id from public.teams t
      where t.organization_id = v_organization and t.secluded and t.deleted_at is null
        and not (t.private_path <@ v_sight.entered or t.path && v_sight.overseen);
  end if;
end $$;
select app.define_gate('app.hidden_teams()');

-- For a table that names a team: whoever may not see the team does not see the row, and can't make one. The row goes with the team. The
-- sub-select is evaluated once a statement, and a row of no team is everybody's.
create function app.conceal_with_team(p_table regclass, p_column name) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format(
    'create policy concealed_with_team on %s as restrictive to tenantry_app using ((%I in (select h from app.hidden_teams() as h)) is not true)',
    p_table, p_column);
end $$;
-- What is hidden is hidden itself,
select app.conceal_with_team('teams', 'id');
-- and so is who belongs to it.
select app.conceal_with_team('team_members', 'team_id');

-- Refuses a commit after which a team would stand anywhere but beneath its parent, whoever commits and by whatever statement: a cycle, a
-- path that is not the parent's, a deleted parent, a private ancestor of which the team does not know. It takes the organisation's
-- row, as whoever moves teams has to do first, so that of two who move at once the second one sees what the first has done.
create function app.keep_team_place() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform from public.organizations o where o.id = new.organization_id for no key update;
  if exists (
    select from public.teams t left join public.teams p on p.organization_id = t.organization_id and p.id = t.parent_team_id
      where t.organization_id = new.organization_id and (t.id = new.id or t.parent_team_id = new.id)
        and (
          t.path <> coalesce(p.path, '{}') || t.id
          or t.private_path <> coalesce(p.private_path, '{}') || case when t.visibility = 'private' then array[t.id] else '{}' end
          or p.deleted_at is not null
        )
  ) then
    raise exception using errcode = 'check_violation', table = 'teams', constraint = 'teams_place',
      message = 'a team stands beneath its parent, with all that is beneath it';
  end if;
  return null;
end $$;
create constraint trigger keep_team_place after insert or update of path, private_path, visibility, deleted_at on teams
  deferrable initially deferred for each row execute function app.keep_team_place();
select app.define_gate('app.keep_team_place()');
