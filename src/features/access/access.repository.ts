import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import { isMember } from '../members/index.ts';
import type { HeldRow, RoleRow } from './known-roles.ts';

interface PersonRow {
  readonly id: string;
  readonly status: 'active' | 'suspended';
  /** Held in the organisation, in the order of their keys. */
  readonly roleIds: readonly string[];
}

/** What somebody holds, as far as the caller sees it. */
export interface Holdings extends PersonRow {
  /** Teams to which they belong, each with those above it. */
  readonly teams: readonly { readonly teamId: string; readonly role: string; readonly path: readonly string[] }[];
  /** On those and above. */
  readonly held: readonly HeldRow[];
  /** All that are named here. */
  readonly roles: readonly RoleRow[];
}

/** Of whom it is asked what they may do, and on which team. */
export interface Subject {
  /** undefined: the caller. */
  readonly memberId?: string | undefined;
  /** undefined: in the organisation, on no team. */
  readonly teamId?: string | undefined;
}

interface PlaceRow {
  readonly memberId: string;
  readonly teamId: string;
  /** Whether it is there for the member, whatever they may do. For the caller all are, of which there is a row. */
  readonly isOpen: boolean;
  readonly held: readonly HeldRow[];
}

/** What is known of those about whom it is asked, and of the teams on which. Rows the caller may not see are missing. */
export interface Knowledge {
  readonly callerId: string;
  /** Whether they may know what others do. */
  readonly readsRoles: boolean;
  readonly people: readonly PersonRow[];
  readonly places: readonly PlaceRow[];
  /** Custom roles that would give what is asked for; none, where the caller may not know. */
  readonly givers: readonly RoleRow[];
  readonly roles: readonly RoleRow[];
}

interface Questions {
  readonly subjects: readonly Subject[];
  readonly permissions: readonly string[];
  /** By which somebody may know what others do, and the system roles that have it. */
  readonly reading: { readonly permission: string; readonly systemRoles: readonly string[] };
  /** How many givers there are to be of each permission. */
  readonly most: number;
}

/** Where a team that is hidden from the caller, or who belongs to it, is asked about, there is no row: policies see to that. */
@Injectable()
export class AccessRepository {
  constructor(private readonly database: Database) {}

  /** @param id or `me` */
  async isThere(id: string): Promise<boolean> {
    const found = await this.database.query(
      sql`select m.id from members m where ${isMember(id)} and m.status <> 'removed'`,
    );
    return found.length > 0;
  }

  /**
   * @param id or `me`
   * @param most how many of their teams
   * @returns undefined for who is no member, or none any more
   */
  async holdings(id: string, most: number): Promise<Holdings | undefined> {
    const [found] = await this.database.query<Holdings>(sql`
      with person as materialized (
        select ${personColumns} from members m where ${isMember(id)} and m.status <> 'removed'
      ), page as materialized (
        select organization_id, team_id, role_id from team_members
          where member_id = (select id from person) order by team_id limit ${most}
      ), own as materialized (
        select page.team_id, r.key, t.path
          from page join teams t on t.organization_id = page.organization_id and t.id = page.team_id
            join roles r on r.organization_id = page.organization_id and r.id = page.role_id
      ), held as materialized (
        select team_id, role_id from page
        union all
        select team_id, role_id from team_members
          where member_id = (select id from person)
            and team_id = any (array(select unnest(path) from own except select team_id from page))
      )
      select person.*,
          ${listOf(sql`jsonb_build_object('teamId', team_id, 'role', key, 'path', path) order by team_id`, sql`own`)} as teams,
          ${listOf(sql`jsonb_build_object('teamId', team_id, 'roleId', role_id)`, sql`held`)} as held,
          ${rolesAmong(sql`select unnest("roleIds") from person union select role_id from held`)} as roles
        from person`);
    return found;
  }

  /** @returns what is known of those about whom it is asked, in one statement */
  async know({ subjects, permissions, reading, most }: Questions): Promise<Knowledge> {
    const memberIds = subjects.map(({ memberId }) => memberId ?? null);
    const teamIds = subjects.map(({ teamId }) => teamId ?? null);
    return this.database.one<Knowledge>(sql`
      with me as materialized (
        select m.id, exists (
            select from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
              where h.organization_id = m.organization_id and h.member_id = m.id
                and case when r.system then r.key = any (${reading.systemRoles}::text[]) else ${reading.permission} = any (r.permissions) end
          ) as reads_roles
          from members m where m.user_id = app.user_id() and m.status = 'active'
      ), asked as materialized (
        select distinct coalesce(a.member_id, me.id) as member_id, a.team_id
          from me, unnest(${memberIds}::uuid[], ${teamIds}::uuid[]) as a (member_id, team_id)
      ), people as materialized (
        select ${personColumns} from members m where m.id = any (array(select member_id from asked)) and m.status <> 'removed'
      ), places as materialized (
        select a.member_id, t.id, t.path, case when a.member_id <> me.id then t.private_path[cardinality(t.private_path)] end as entered_by
          from me, asked a join lateral (select * from teams where id = a.team_id limit 1) as t on true
      ), entered as materialized (
        select distinct j.member_id, e.team_id
          from team_members j join teams t on t.organization_id = j.organization_id and t.id = j.team_id, unnest(t.private_path) as e (team_id)
          where t.secluded and j.member_id = any (array(select member_id from places where entered_by is not null))
      ), held as materialized (
        select p.member_id, p.id as place_id, j.team_id, j.role_id, array_position(p.path, j.team_id) as level
          from places p join lateral (
            select * from team_members where member_id = p.member_id and team_id = any (p.path)
          ) as j on true
      )
      select me.id as "callerId", me.reads_roles as "readsRoles",
          ${listOf(sql`people`, sql`people`)} as people,
          ${listOf(
            sql`jsonb_build_object(
              'memberId', member_id, 'teamId', id,
              'isOpen', entered_by is null or (member_id, entered_by) in (select member_id, team_id from entered),
              'held', ${listOf(
                sql`jsonb_build_object('teamId', h.team_id, 'roleId', h.role_id) order by level`,
                sql`held h where h.member_id = places.member_id and h.place_id = places.id`,
              )}
            )`,
            sql`places`,
          )} as places,
          ${listOf(
            roleObject,
            sql`(
              select distinct r.* from unnest(${permissions}::text[]) as p (permission), lateral (
                  select id, scope, key, system, permissions from roles
                    where not system and permissions @> array[p.permission] order by scope, key limit ${most}
                ) as r
                where me.reads_roles
            ) as r`,
          )} as givers,
          ${rolesAmong(sql`select unnest("roleIds") from people union select role_id from held`)} as roles
        from me`);
  }
}

/** Of members called `m`. */
const personColumns = sql`
  m.id, m.status, array(
    select h.role_id from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where h.organization_id = m.organization_id and h.member_id = m.id order by r.key
  ) as "roleIds"`;

/** Of roles called `r`. */
const roleObject = sql`
  jsonb_build_object('id', r.id, 'scope', r.scope, 'key', r.key, 'system', r.system, 'permissions', r.permissions) order by r.scope, r.key`;

function rolesAmong(ids: Sql): Sql {
  return listOf(roleObject, sql`roles r where r.id = any (array(${ids}))`);
}

function listOf(item: Sql, from: Sql): Sql {
  return sql`(select coalesce(jsonb_agg(${item}), '[]') from ${from})`;
}
