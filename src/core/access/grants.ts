import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';
import type { Permission } from './permissions.ts';
import { permissionsOf, type RoleDefinition } from './role-permissions.ts';

/** A role that is given, or that is held by whom a change befalls. */
export interface Grant {
  /** None: nobody gets a role, and yet it takes something. */
  readonly roleId?: string;
  /** The team on which; null: in the organisation. */
  readonly teamId: string | null;
  /** What it takes there to give any, where that is not the route's to ask. */
  readonly takes?: Permission;
}

export interface TeamGrant extends Grant {
  readonly teamId: string;
}

/** A role with where the caller holds it. */
interface HeldRole extends RoleDefinition {
  readonly id: string;
  /** In the organisation. */
  readonly isOwn: boolean;
  /** Those of the teams in question on which the caller holds it, or above which. */
  readonly ownOn: readonly string[];
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
    const holdings = await this.holdings(teamId === null ? [] : [teamId]);
    holdings.verify(roleIds.map((roleId) => ({ roleId, teamId })));
  }

  /**
   * Judges likewise what a member holds on teams, which whoever changes or ends their membership gives or takes with it. Teams that the
   * caller does not see are left out: a refusal would tell of them.
   * @throws Problem grant_exceeds_own, with what the caller would need
   */
  async verifyTeamsOf(memberId: string): Promise<void> {
    const held = await this.database.query<TeamGrant>(sql`
      select role_id as "roleId", team_id as "teamId" from team_members where member_id = ${memberId}::uuid`);
    await this.verifyOnTeams(held);
  }

  /** Judges likewise what happens on several teams at once. @throws Problem grant_exceeds_own, with what the caller would need */
  async verifyOnTeams(grants: readonly TeamGrant[]): Promise<void> {
    if (grants.length === 0) return;
    const holdings = await this.holdings(grants.map(({ teamId }) => teamId));
    holdings.verify(grants);
  }

  /** Reads what the caller holds, to judge several by it, as `verify` does. @param teamIds of the teams on which they give */
  async holdings(teamIds: readonly string[]): Promise<Holdings> {
    const roles = await this.database.query<HeldRole>(sql`
      select r.id, r.scope, r.key, r.system, r.permissions,
          exists (
            select from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
              where h.role_id = r.id and m.user_id = app.user_id() and m.status = 'active'
          ) as "isOwn",
          array(
            select t.id from members m join team_members j on j.organization_id = m.organization_id and j.member_id = m.id
                join teams t on t.organization_id = m.organization_id and j.team_id = any (t.path)
              where t.id = any (${teamIds}::uuid[]) and j.role_id = r.id and m.user_id = app.user_id() and m.status = 'active'
          ) as "ownOn"
        from roles r`);
    return new Holdings(roles);
  }
}

/** @returns what the roles permit, or it takes to give them, and is not among what is held: whoever holds that may give them if none is */
export function missingPermissions(
  held: readonly RoleDefinition[],
  given: readonly RoleDefinition[],
  takes?: Permission,
): string[] {
  const own = new Set(held.flatMap(permissionsOf));
  return [...given.flatMap(permissionsOf), ...(takes ? [takes] : [])].filter((permission) => !own.has(permission));
}

/** What somebody holds, and so may give. */
class Holdings {
  constructor(private readonly roles: readonly HeldRole[]) {}

  /** @throws Problem grant_exceeds_own, with what they would need for all of these */
  verify(grants: readonly Grant[]): void {
    const missing = new Set(grants.flatMap((grant) => this.#missing(grant)));
    if (missing.size === 0) return;
    throw new Problem('grant_exceeds_own', { members: { missing_permissions: [...missing].toSorted() } });
  }

  /** @returns whether the caller holds it in the organisation, for what a route does not ask of all who come by it */
  permit(permission: Permission): boolean {
    return this.#missing({ teamId: null, takes: permission }).length === 0;
  }

  #missing({ roleId, teamId, takes }: Grant): string[] {
    const isHeld = ({ isOwn, ownOn }: HeldRole): boolean => isOwn || (teamId !== null && ownOn.includes(teamId));
    const given = this.roles.filter(({ id }) => id === roleId);
    return missingPermissions(this.roles.filter(isHeld), given, takes);
  }
}
