import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';
import type { Permission } from './permissions.ts';
import { isOwner, permissionsOf, type RoleDefinition } from './role-permissions.ts';

/** A role that is given, or that is held by whom a change befalls. */
export interface Grant {
  /** None: nobody gets a role, and yet it takes something. */
  readonly roleId?: string;
  /** The team on which; null: in the organisation. */
  readonly teamId: string | null;
  /** What it takes there besides: what a role permits that is made or changed, or what the route does not ask. */
  readonly takes?: readonly string[];
}

export interface TeamGrant extends Grant {
  readonly teamId: string;
}

const FOR_OWNERS = 'Only an owner makes, changes or removes an owner.';

/** A role that is given, or that the caller holds. */
interface KnownRole extends RoleDefinition {
  readonly id: string;
  /** Whether the caller holds it in the organisation. */
  readonly isOwn: boolean;
  /** Those of the teams in question on which the caller holds it, or above which. */
  readonly ownOn: readonly string[];
}

/**
 * The one grant rule: nobody grants more than they hold themselves, nor changes or removes somebody who holds more; and ownership, which is
 * more than what it permits today, is an owner's alone to give, change and take. Every path that hands out power asks here, in the
 * transaction that makes the change and with the organisation's row locked: the caller is judged by what they hold now, in the organisation
 * and on the team and those above it, and that is true still when it commits.
 */
@Injectable()
export class Grants {
  constructor(private readonly database: Database) {}

  /** @param roleIds given, or held by whom the change befalls @throws Problem grant_exceeds_own */
  async verify(roleIds: readonly string[], teamId: string | null = null): Promise<void> {
    await this.verifyAll(roleIds.map((roleId) => ({ roleId, teamId })));
  }

  /** Judges these roles and those on teams that the caller sees: of others a refusal would tell. @throws Problem grant_exceeds_own */
  async verifyMember(memberId: string, roleIds: readonly string[]): Promise<void> {
    const onTeams = await this.database.query<TeamGrant>(sql`
      select role_id as "roleId", team_id as "teamId" from team_members where member_id = ${memberId}::uuid`);
    await this.verifyAll([...roleIds.map((roleId) => ({ roleId, teamId: null })), ...onTeams]);
  }

  /** Judges what is given in several places at once. @throws Problem grant_exceeds_own */
  async verifyAll(grants: readonly Grant[]): Promise<void> {
    if (grants.length === 0) return;
    const holdings = await this.holdings(grants);
    holdings.verify(grants);
  }

  /** @returns what the caller holds where any of these are given, to judge one after the other by it */
  async holdings(grants: readonly Grant[]): Promise<Holdings> {
    const named = [...new Set(grants.flatMap(({ roleId }) => roleId ?? []))];
    const teamIds = [...new Set(grants.flatMap(({ teamId }) => teamId ?? []))];
    // By arrays, so that no more is looked at than the caller holds and the grants name, however much there is.
    const roles = await this.database.query<KnownRole>(sql`
      with held as materialized (
        select h.role_id, null::uuid as team_id
          from members m join member_roles h on h.organization_id = m.organization_id and h.member_id = m.id
          where m.user_id = app.user_id() and m.status = 'active'
        union all
        select o.role_id, o.team_id
          from app.own_team_roles(array(select t.id from teams t where t.id = any (${teamIds}::uuid[]))) as o
      )
      select r.id, r.scope, r.key, r.system, r.permissions,
          exists (select from held h where h.role_id = r.id and h.team_id is null) as "isOwn",
          array(select h.team_id from held h where h.role_id = r.id and h.team_id is not null) as "ownOn"
        from roles r where r.id = any (${named}::uuid[] || array(select h.role_id from held h))`);
    return new Holdings(roles);
  }
}

/** @returns whether whoever holds those roles may not give these, for which it takes permissions besides */
export function exceeds(
  held: readonly RoleDefinition[],
  given: readonly RoleDefinition[],
  takes: readonly string[],
): boolean {
  return missingPermissions(held, given, takes).length > 0 || takesOwner(held, given);
}

/** @returns what the holder lacks */
function missingPermissions(
  held: readonly RoleDefinition[],
  given: readonly RoleDefinition[],
  takes: readonly string[] = [],
): string[] {
  const own = new Set<string>(held.flatMap(permissionsOf));
  return [...given.flatMap(permissionsOf), ...takes].filter((permission) => !own.has(permission));
}

/** Roles that permit all that an owner may are none: the next version may have more, and ownership passes by the will of owners. */
function takesOwner(held: readonly RoleDefinition[], given: readonly RoleDefinition[]): boolean {
  return given.some(isOwner) && !held.some(isOwner);
}

/** What somebody holds, and so may give. */
class Holdings {
  constructor(private readonly roles: readonly KnownRole[]) {}

  /** @throws Problem grant_exceeds_own, with what they would need for all of these */
  verify(grants: readonly Grant[]): void {
    const missing = this.missing(grants);
    const isForOwners = this.lackOwnership(grants);
    if (missing.length === 0 && !isForOwners) return;
    const members = { missing_permissions: missing };
    throw new Problem('grant_exceeds_own', { members, ...(isForOwners && { detail: FOR_OWNERS }) });
  }

  /** @returns what they would need for all of these besides, sorted */
  missing(grants: readonly Grant[]): readonly string[] {
    return [...new Set(grants.flatMap((grant) => this.#missing(grant)))].toSorted();
  }

  /** @returns whether one of these makes, changes or removes an owner, which they are not */
  lackOwnership(grants: readonly Grant[]): boolean {
    return grants.some((grant) => takesOwner(this.#held(grant), this.#given(grant)));
  }

  /** @returns whether the caller holds it in the organisation, for what a route does not ask of all who come by it */
  permit(permission: Permission): boolean {
    return this.#missing({ teamId: null, takes: [permission] }).length === 0;
  }

  #missing(grant: Grant): string[] {
    return missingPermissions(this.#held(grant), this.#given(grant), grant.takes);
  }

  #held({ teamId }: Grant): readonly RoleDefinition[] {
    return this.roles.filter(({ isOwn, ownOn }) => isOwn || (teamId !== null && ownOn.includes(teamId)));
  }

  #given({ roleId }: Grant): readonly RoleDefinition[] {
    return this.roles.filter(({ id }) => id === roleId);
  }
}
