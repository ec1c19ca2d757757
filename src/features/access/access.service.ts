import { Injectable } from '@nestjs/common';
import { isPermission, type Permission, permissions, refuseUnknown } from '../../core/access/index.ts';
import { existing, Problem } from '../../core/http/index.ts';
import { AccessRepository, type Holdings, type Knowledge } from './access.repository.ts';
import {
  type Effective,
  effective,
  effectiveOnTeam,
  explain,
  type Giver,
  giversOf,
  type Person,
  type Place,
  type Reason,
  type Role,
  roleOf,
  type Source,
  type TeamRole,
} from './explanation.policy.ts';
import { KnownRoles } from './known-roles.ts';

/** More than anybody sees at a glance. */
export const MOST_TEAMS = 1_000;
export const MOST_GIVERS = 20;

/** What somebody may do, and where that comes from. */
export interface Access {
  readonly memberId: string;
  readonly status: 'active' | 'suspended';
  /** Keys, sorted. */
  readonly roles: readonly string[];
  /** In the organisation, and so on each team of it that they see. */
  readonly permissions: Effective;
  /** Those to which they belong. */
  readonly teams: readonly { readonly teamId: string; readonly role: string; readonly permissions: Effective }[];
  /** Whether these are all of them. */
  readonly areTeamsComplete: boolean;
}

/** Whether somebody may do something. */
export interface Check {
  readonly permission: string;
  /** undefined: in the organisation. */
  readonly teamId?: string | undefined;
  /** undefined: the caller. */
  readonly memberId?: string | undefined;
}

export interface CheckResult extends Check {
  readonly allowed: boolean;
  readonly via: readonly Source[];
  readonly reason?: Reason;
  /** What would give it, where nothing does. */
  readonly givenBy?: readonly Giver[];
}

/**
 * What members may do, for who asks. About others it is told as far as the caller sees: a team that is hidden from them, or who belongs
 * to it, is told by no answer, and what somebody holds there not either.
 */
@Injectable()
export class AccessService {
  constructor(private readonly repository: AccessRepository) {}

  /** A member has an access as long as they are one. It has no version. */
  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.isThere(id)) ? 0 : undefined;
  }

  /**
   * @param id or `me`
   * @throws Problem not_found, also for who has left
   */
  async find(id: string): Promise<Access> {
    return accessOf(existing(await this.repository.holdings(id, MOST_TEAMS + 1)));
  }

  /**
   * @returns the results in the order of the checks
   * @throws Problem permission_denied for somebody else without `roles:read`; unknown_permission
   */
  async check(checks: readonly Check[]): Promise<CheckResult[]> {
    const knowledge = await this.repository.know({
      subjects: checks,
      permissions: [...new Set(checks.map(({ permission }) => permission))],
      reading: { permission: READING, systemRoles: permissions[READING].systemRoles },
      most: MOST_GIVERS,
    });
    const isAboutOthers = checks.some(({ memberId = knowledge.callerId }) => memberId !== knowledge.callerId);
    if (isAboutOthers && !knowledge.readsRoles) {
      throw new Problem('permission_denied', { members: { required: READING } });
    }
    refuseUnknown(
      checks.map(({ permission }) => permission),
      (index) => `/checks/${index}/permission`,
    );
    const answers = new Answers(knowledge);
    return checks.filter(isKnown).map((check) => answers.to(check));
  }
}

const READING: Permission = 'roles:read';

interface KnownCheck extends Check {
  readonly permission: Permission;
}

function isKnown(check: Check): check is KnownCheck {
  return isPermission(check.permission);
}

/** What is known of those about whom it is asked, by their ids. */
class Answers {
  readonly #callerId: string;
  readonly #people: ReadonlyMap<string, Person>;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #own: readonly Role[];

  constructor({ callerId, people, places, givers, roles }: Knowledge) {
    const byId = new KnownRoles(roles);
    this.#callerId = callerId;
    this.#people = new Map(
      people.map(({ id, status, roleIds }) => [id, { isSuspended: status === 'suspended', roles: byId.all(roleIds) }]),
    );
    this.#places = new Map(
      places.map(({ memberId, teamId, isOpen, held }) => [
        placeOf(memberId, teamId),
        { isOpen, held: byId.onTeams(held) },
      ]),
    );
    this.#own = givers.map(roleOf);
  }

  to(check: KnownCheck): CheckResult {
    const { permission, teamId, memberId = this.#callerId } = check;
    const { via, reason } = explain({
      permission,
      person: this.#people.get(memberId),
      place: teamId === undefined ? null : this.#places.get(placeOf(memberId, teamId)),
    });
    if (reason === undefined) return { ...check, allowed: true, via };
    const givenBy = giversOf(permission, teamId !== undefined, this.#own, MOST_GIVERS);
    return { ...check, allowed: false, via, reason, ...(reason === 'not_granted' && { givenBy }) };
  }
}

function placeOf(memberId: string, teamId: string): string {
  return `${memberId} ${teamId}`;
}

function accessOf({ id, status, roleIds, teams, held, roles }: Holdings): Access {
  const byId = new KnownRoles(roles);
  const own = byId.all(roleIds);
  // A suspended member may do nothing, and keeps what they hold.
  const isActive = status === 'active';
  const onTeams = new Map(held.map((row) => [row.teamId, byId.onTeams([row])]));
  const onTeam = (path: readonly string[]): TeamRole[] => path.flatMap((teamId) => onTeams.get(teamId) ?? []);
  return {
    memberId: id,
    status,
    roles: own.map(({ key }) => key),
    permissions: isActive ? effective(own) : [],
    teams: teams.slice(0, MOST_TEAMS).map(({ teamId, role, path }) => ({
      teamId,
      role,
      permissions: isActive ? effectiveOnTeam(own, onTeam(path)) : [],
    })),
    areTeamsComplete: teams.length <= MOST_TEAMS,
  };
}
