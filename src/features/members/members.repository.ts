import { Injectable } from '@nestjs/common';
import { Database, join, sql, type Sql } from '../../core/database/index.ts';
import { contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';
import { isMember } from './member-condition.ts';
import type { Member, MemberStatus } from './member.ts';

export interface MembersFilter {
  readonly q?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  /** Unless given, those who have not left. */
  readonly statuses?: readonly MemberStatus[] | undefined;
  /** Those that the caller may not see are as if they were not there. */
  readonly teamIds?: readonly string[] | undefined;
  readonly selection: Selection;
}

type Touched = Pick<Member, 'version' | 'updatedAt'>;

/** Of members called `m`, or of a page of them. */
const columnsOf = (m: Sql): Sql => sql`
  ${m}.id, ${m}.organization_id as "organizationId", ${m}.user_id as "userId", ${m}.name, ${m}.email,
  ${m}.avatar_url as "avatarUrl", ${m}.status, ${m}.version, ${m}.joined_at as "joinedAt", ${m}.created_at as "createdAt",
  ${m}.updated_at as "updatedAt",
  array(
    select r.key from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where h.organization_id = ${m}.organization_id and h.member_id = ${m}.id order by r.key
  ) as roles`;

const member = sql`select ${columnsOf(sql`m`)} from members m`;

const members = new List<Member>({
  from: sql`members`,
  columns: columnsOf(sql`page`),
  keys: { name: textKey(sql`name_key`), email: textKey(sql`email_key`), joined_at: timeKey(sql`joined_at`) },
});

@Injectable()
export class MembersRepository {
  constructor(private readonly database: Database) {}

  /** @param id or `me` */
  async find(id: string): Promise<Member | undefined> {
    const [found] = await this.database.query<Member>(sql`${member} where ${isMember(id)}`);
    return found;
  }

  /** @param id or `me` */
  async findPresent(id: string): Promise<Member | undefined> {
    const [found] = await this.database.query<Member>(sql`${member} where ${isMember(id)} and m.${isPresent}`);
    return found;
  }

  /** @returns the ids of the roles that there are, by their keys */
  async roleIds(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const roles = await this.database.query<{ id: string; key: string }>(
      sql`select id, key from roles where scope = 'organization' and key = any (${keys}::text[])`,
    );
    return new Map(roles.map(({ id, key }) => [key, id]));
  }

  async isLastOwner(id: string): Promise<boolean> {
    const { isLast } = await this.database.one<{ isLast: boolean }>(
      sql`select app.is_last_owner(app.organization_id(), ${id}::uuid) as "isLast"`,
    );
    return isLast;
  }

  /** @returns what the database made of the change */
  async update(id: string, status: MemberStatus, roleIds: readonly string[]): Promise<Touched> {
    return this.database.one<Touched>(sql`
      with dropped as (
        delete from member_roles where member_id = ${id}::uuid and role_id <> all (${roleIds}::uuid[])
      ), given as (
        insert into member_roles (member_id, role_id) select ${id}::uuid, unnest(${roleIds}::uuid[]) on conflict do nothing
      )
      update members set status = ${status} where id = ${id}::uuid returning version, updated_at as "updatedAt"`);
  }

  /** The one way out of an organisation, which account deletion takes too. */
  async end(id: string): Promise<void> {
    await this.database.query(sql`select app.remove_member(app.organization_id(), ${id}::uuid)`);
  }

  async list({ q, roles, statuses, teamIds, selection }: MembersFilter): Promise<Rows<Member>> {
    return members.read(this.database, selection, [
      statuses ? hasStatus(statuses) : isPresent,
      contains([sql`search_key`], q),
      roles && holdsAny(roles),
      teamIds && isInAny(teamIds),
    ]);
  }
}

const isPresent = sql`status <> 'removed'`;

/** Written out, so that the planner knows how rare they are, and which index counts them. */
function hasStatus(statuses: readonly MemberStatus[]): Sql {
  return sql`status in (${join(statuses.map((status) => STATUSES[status]))})`;
}

const STATUSES: Readonly<Record<MemberStatus, Sql>> = {
  active: sql`'active'`,
  suspended: sql`'suspended'`,
  removed: sql`'removed'`,
};

/** By arrays, each found once: of a semi-join the planner expects half of the organisation, and looks at each member's roles. */
function holdsAny(roles: readonly string[]): Sql {
  return sql`
    id = any (array(
      select member_id from member_roles where role_id = any (array(select id from roles where key = any (${roles}::text[])))
    ))`;
}

/** By an array as well. Whoever may not see a team does not see who is in it, which its policy says. */
function isInAny(teamIds: readonly string[]): Sql {
  return sql`id = any (array(select member_id from team_members where team_id = any (${teamIds}::uuid[])))`;
}
