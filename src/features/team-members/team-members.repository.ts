import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../../core/database/index.ts';
import { contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';
import type { Member } from '../members/index.ts';

/** That a member of the organisation is in a team, and as what. */
export interface TeamMember {
  readonly id: string;
  readonly teamId: string;
  readonly roleId: string;
  /** Its key. */
  readonly role: string;
  readonly member: Member;
  /** Counted by the database when the role changes; not when the member does. */
  readonly version: number;
  readonly joinedAt: Date;
  readonly updatedAt: Date;
}

export interface TeamMembersFilter {
  readonly q?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly selection: Selection;
}

/** What there is of that somebody is to be put into a team. */
interface Found {
  readonly hasTeam: boolean;
  /** Whether the caller does not see who is in it. */
  readonly isClosed: boolean;
  readonly hasMember: boolean;
  readonly roleId: string | null;
  /** Whether they are in it already. */
  readonly isTaken: boolean;
}

/** As a statement answers it: a row has no parts. */
interface Row extends Omit<TeamMember, 'member'>, Omit<Member, keyof TeamMember | 'roles'> {
  readonly memberId: string;
  readonly memberRoles: readonly string[];
  readonly memberVersion: number;
  readonly memberJoinedAt: Date;
  readonly memberUpdatedAt: Date;
}

/** Of team members called `t`, or of a page of them, beside their `partners`. */
const columnsOf = (t: Sql): Sql => sql`
  ${t}.id, ${t}.team_id as "teamId", ${t}.role_id as "roleId", r.key as role, ${t}.version, ${t}.created_at as "joinedAt",
  ${t}.updated_at as "updatedAt", m.organization_id as "organizationId", m.id as "memberId", m.user_id as "userId", m.name, m.email,
  m.avatar_url as "avatarUrl", m.status, m.version as "memberVersion", m.joined_at as "memberJoinedAt",
  m.created_at as "createdAt", m.updated_at as "memberUpdatedAt",
  array(
    select o.key from member_roles h join roles o on o.organization_id = h.organization_id and o.id = h.role_id
      where h.organization_id = m.organization_id and h.member_id = m.id order by o.key
  ) as "memberRoles"`;

/** Each member is looked up by itself: of a page the planner would read all members of the organisation. */
const partnersOf = (t: Sql): Sql => sql`
  join lateral (select * from members where organization_id = ${t}.organization_id and id = ${t}.member_id limit 1) as m on true
  join roles r on r.organization_id = ${t}.organization_id and r.id = ${t}.role_id`;

const t = sql`t`;
const page = sql`page`;

const teamMembers = new List<Row>({
  from: sql`team_members`,
  join: partnersOf(page),
  columns: columnsOf(page),
  keys: { name: textKey(sql`name_key`), joined_at: timeKey(sql`created_at`) },
});

/**
 * Who is in a team that the caller does not see exists for it as little as the team does; nor does who is in a private one that they see
 * only because they are in one beneath it. Policies see to that.
 */
@Injectable()
export class TeamMembersRepository {
  constructor(private readonly database: Database) {}

  /** @param role the key of a team role */
  async lookUp(teamId: string, memberId: string, role: string): Promise<Found> {
    return this.database.one<Found>(sql`
      select exists (select from teams where id = ${teamId}::uuid and deleted_at is null) as "hasTeam",
        ${teamId}::uuid in (select app.closed_rosters()) as "isClosed",
        exists (select from members where id = ${memberId}::uuid and status <> 'removed') as "hasMember",
        (select id from roles where scope = 'team' and key = ${role}) as "roleId",
        exists (select from team_members where team_id = ${teamId}::uuid and member_id = ${memberId}::uuid) as "isTaken"`);
  }

  async insert(teamId: string, memberId: string, roleId: string): Promise<TeamMember> {
    return memberOf(
      await this.database.one<Row>(sql`
        with t as (
          insert into team_members (team_id, member_id, role_id)
            values (${teamId}::uuid, ${memberId}::uuid, ${roleId}::uuid) returning *
        )
        select ${columnsOf(t)} from t ${partnersOf(t)}`),
    );
  }

  /** @returns undefined also for who is in another team, or in one that was deleted meanwhile */
  async find(teamId: string, id: string): Promise<TeamMember | undefined> {
    const [found] = await this.database.query<Row>(sql`
      select ${columnsOf(t)} from team_members t ${partnersOf(t)}
        where t.id = ${id}::uuid and t.team_id = (select id from teams where id = ${teamId}::uuid and deleted_at is null)`);
    return found && memberOf(found);
  }

  /** @returns what the database made of the change */
  async update(id: string, roleId: string): Promise<TeamMember> {
    return memberOf(
      await this.database.one<Row>(sql`
        with t as (update team_members set role_id = ${roleId}::uuid where id = ${id}::uuid returning *)
        select ${columnsOf(t)} from t ${partnersOf(t)}`),
    );
  }

  async delete(id: string): Promise<void> {
    await this.database.query(sql`delete from team_members where id = ${id}::uuid`);
  }

  async list(teamId: string, { q, roles, selection }: TeamMembersFilter): Promise<Rows<TeamMember>> {
    const found = await teamMembers.read(this.database, selection, [
      sql`team_id = ${teamId}::uuid`,
      contains([sql`search_key`], q),
      roles && sql`role_id = any (array(select id from roles where scope = 'team' and key = any (${roles}::text[])))`,
    ]);
    return { ...found, rows: found.rows.map(memberOf) };
  }
}

function memberOf(row: Row): TeamMember {
  const { id, teamId, roleId, role, version, joinedAt, updatedAt } = row;
  const { organizationId, userId, name, email, avatarUrl, status, createdAt } = row;
  const member = {
    id: row.memberId,
    organizationId,
    userId,
    name,
    email,
    avatarUrl,
    status,
    roles: row.memberRoles,
    version: row.memberVersion,
    joinedAt: row.memberJoinedAt,
    createdAt,
    updatedAt: row.memberUpdatedAt,
  };
  return { id, teamId, roleId, role, version, joinedAt, updatedAt, member };
}
