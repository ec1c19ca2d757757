import { Injectable } from '@nestjs/common';
import { Database, sql, type Sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';
import { permissionsOf, type RoleDefinition } from './permissions.ts';

interface JudgedRole extends RoleDefinition {
  readonly isOwn: boolean;
  readonly isTouched: boolean;
}

/**
 * The one grant rule: nobody grants more than they hold themselves, nor changes or removes somebody who holds more. Every path that
 * hands out power asks here.
 */
@Injectable()
export class Grants {
  constructor(private readonly database: Database) {}

  /**
   * Judges by what the caller holds now. Call it in the transaction that makes the change, with the organisation's row locked, so that
   * what is judged is what is true when it commits.
   * @param roleIds of all roles that are given, and of those that are held by whom the change befalls
   * @param teamId the team where that is: what the caller holds there, and on the teams above, counts too
   * @throws Problem grant_exceeds_own, with what the caller would need
   */
  async verify(roleIds: readonly string[], teamId: string | null = null): Promise<void> {
    const missing = await this.missing(roleIds, teamId);
    if (missing.length > 0) throw grantExceedsOwn(missing);
  }

  /** As `verify`, for who has several to judge. @returns what the caller would need to give these roles */
  async missing(roleIds: readonly string[], teamId: string | null = null): Promise<readonly string[]> {
    const roles = await this.database.query<JudgedRole>(sql`
      select ${role}, r.id = any (${roleIds}::uuid[]) as "isTouched", ${isOwnOn(sql`${teamId}::uuid`)} from roles r`);
    return beyond(roles);
  }

  /**
   * Judges likewise what a member holds on teams, which whoever changes or ends their membership gives or takes with it. Teams that the
   * caller does not see are left out: a refusal would tell of them.
   * @throws Problem grant_exceeds_own, with what the caller would need
   */
  async verifyTeamsOf(memberId: string): Promise<void> {
    const roles = await this.database.query<JudgedRole & { readonly teamId: string }>(sql`
      select held.team_id as "teamId", ${role}, r.id = held.role_id as "isTouched", ${isOwnOn(sql`held.team_id`)}
        from team_members held join roles r on r.organization_id = held.organization_id where held.member_id = ${memberId}::uuid`);
    const teams = Map.groupBy(roles, ({ teamId }) => teamId);
    const missing = new Set([...teams.values()].flatMap(beyond));
    if (missing.size > 0) throw grantExceedsOwn([...missing].toSorted());
  }
}

const role = sql`r.scope, r.key, r.system, r.permissions`;

/** Whether the caller holds the role `r` in the organisation, or on the team or one above it. */
const isOwnOn = (teamId: Sql): Sql => sql`
  exists (
    select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
      where h.role_id = r.id and m.user_id = app.user_id() and m.status = 'active'
  ) or exists (
    select from members m join team_members j on j.organization_id = m.organization_id and j.member_id = m.id
        join teams t on t.organization_id = m.organization_id and j.team_id = any (t.path)
      where t.id = ${teamId} and j.role_id = r.id and m.user_id = app.user_id() and m.status = 'active'
  ) as "isOwn"`;

/** @param missing of the caller's own permissions */
export function grantExceedsOwn(missing: readonly string[]): Problem {
  return new Problem('grant_exceeds_own', { members: { missing_permissions: missing } });
}

/** @returns what the touched roles permit, and the caller's own do not */
function beyond(roles: readonly JudgedRole[]): string[] {
  const own = new Set(roles.filter(({ isOwn }) => isOwn).flatMap(permissionsOf));
  const touched = new Set(roles.filter(({ isTouched }) => isTouched).flatMap(permissionsOf));
  return [...touched].filter((permission) => !own.has(permission)).toSorted();
}
