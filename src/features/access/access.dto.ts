import { AskedPermission, PermissionKey, PermissionKeys } from '../../core/access/index.ts';
import { Choice, demo, field, Flag, Identifier, ListOf, Uuid } from '../../core/http/index.ts';
import { roleKey } from '../members/index.ts';
import { type Access, type Check, type CheckResult, MOST_GIVERS, MOST_TEAMS } from './access.service.ts';
import type { Giver, Source } from './explanation.policy.ts';

const MOST_CHECKS = 100;
const STATUSES = ['active', 'suspended'];
const KINDS: readonly Giver['kind'][] = ['role', 'team_role'];

const PERMISSION = { description: 'Of the catalogue.', example: 'teams:read' };
const KIND = { description: '`role`: held in the organization; `team_role`: held on a team.', example: 'role' };
const ROLE = { description: 'The key of the role.', example: demo.owner.role };
const COMPLETE = { description: `false: there are more than ${MOST_TEAMS}, and these are the first by id.` };

export class AccessCheckRequest {
  @AskedPermission(PERMISSION)
  permission: string;

  @Uuid({ optional: true, description: 'The team on which; left out: in the organization.' })
  team_id?: string;

  @Uuid({ optional: true, description: 'Of whom, which takes `roles:read`; left out: of you.' })
  member_id?: string;
}

export class AccessChecksRequest {
  @ListOf(() => AccessCheckRequest, { min: 1, max: MOST_CHECKS, example: [{ permission: 'teams:read' }] })
  checks: AccessCheckRequest[];
}

export class PermissionGiver {
  @Choice(KINDS, KIND)
  kind: string;

  @field(roleKey, ROLE)
  role: string;
}

export class PermissionSource extends PermissionGiver {
  @Identifier({ optional: true, description: 'Of a `team_role`: where it is held, which may be above the team.' })
  team_id?: string;
}

export class AccessCheckResult {
  @PermissionKey(PERMISSION)
  permission: string;

  @Uuid({ optional: true, description: 'As it was asked, in lower case.' })
  team_id?: string;

  @Uuid({ optional: true, description: 'As it was asked, in lower case.' })
  member_id?: string;

  @Flag({ description: 'Whether a call that takes this permission is let in now.' })
  allowed: boolean;

  @ListOf(() => PermissionSource, { description: 'All that permit it.' })
  via: PermissionSource[];

  @Choice(['not_granted', 'team_not_found', 'member_not_found', 'member_suspended'], {
    optional: true,
    description:
      'Where it is not allowed. `team_not_found`: there is no such team for you, or for the member, or it was deleted, though whoever has ' +
      '`teams:delete` may restore it; `member_not_found`: nobody, or somebody who has left.',
    example: 'not_granted',
  })
  reason?: string;

  @ListOf(() => PermissionGiver, {
    optional: true,
    max: MOST_GIVERS,
    description:
      "With `not_granted`: roles that would give it, the organization's own only where you have `roles:read`; some of them where there " +
      'are many.',
    example: [],
  })
  given_by?: PermissionGiver[];
}

export class AccessChecksResponse {
  @ListOf(() => AccessCheckResult, { max: MOST_CHECKS, description: 'One for each check, in order.' })
  results: AccessCheckResult[];
}

export class TeamAccessResponse {
  @Identifier()
  team_id: string;

  @field(roleKey, { description: 'The key of the role that is held on it.', example: 'member' })
  role: string;

  @PermissionKeys({ description: 'All that are effective on the team.', example: ['teams:read'] })
  permissions: string[];
}

export class AccessResponse {
  @Identifier()
  member_id: string;

  @ListOf(roleKey, { description: 'Keys of roles.', example: ['member'] })
  roles: readonly string[];

  @PermissionKeys({
    description: 'All that are effective in the organization, sorted.',
    example: ['members:read', 'teams:read'],
  })
  permissions: string[];

  @ListOf(() => TeamAccessResponse, { max: MOST_TEAMS, description: 'The teams to which you belong.' })
  teams: TeamAccessResponse[];

  @Flag(COMPLETE)
  teams_complete: boolean;
}

export class EffectivePermission {
  @PermissionKey(PERMISSION)
  permission: string;

  @ListOf(() => PermissionSource, { min: 1, description: 'All that it comes from.' })
  via: PermissionSource[];
}

export class MemberTeamAccessResponse {
  @Identifier()
  team_id: string;

  @field(roleKey, { description: 'The key of the role that is held on it.', example: 'member' })
  role: string;

  @ListOf(() => EffectivePermission, { description: 'All that are effective on the team.' })
  permissions: EffectivePermission[];
}

export class MemberAccessResponse {
  @Identifier()
  member_id: string;

  @Choice(STATUSES, { description: 'A suspended member may do nothing.' })
  status: string;

  @ListOf(roleKey, { description: 'Keys of roles.', example: ['member'] })
  roles: readonly string[];

  @ListOf(() => EffectivePermission, { description: 'All that are effective in the organization.' })
  permissions: EffectivePermission[];

  @ListOf(() => MemberTeamAccessResponse, {
    max: MOST_TEAMS,
    description: 'The teams to which the member belongs, as far as you see that.',
  })
  teams: MemberTeamAccessResponse[];

  @Flag(COMPLETE)
  teams_complete: boolean;
}

export function toChecks({ checks }: AccessChecksRequest): Check[] {
  return checks.map(({ permission, team_id: teamId, member_id: memberId }) => ({ permission, teamId, memberId }));
}

export function toResults(results: readonly CheckResult[]): AccessChecksResponse {
  return { results: results.map(toResult) };
}

function toResult({ permission, teamId, memberId, allowed, via, reason, givenBy }: CheckResult): AccessCheckResult {
  return {
    permission,
    ...(teamId !== undefined && { team_id: teamId }),
    ...(memberId !== undefined && { member_id: memberId }),
    allowed,
    via: via.map(toSource),
    ...(reason !== undefined && { reason }),
    ...(givenBy !== undefined && { given_by: [...givenBy] }),
  };
}

function toSource({ kind, role, teamId }: Source): PermissionSource {
  return { kind, role, ...(teamId !== undefined && { team_id: teamId }) };
}

export function toAccess(access: Access): AccessResponse {
  return toldOf(access, ([permission]) => permission);
}

export function toMemberAccess(access: Access): MemberAccessResponse {
  return { ...toldOf(access, toEffective), status: access.status };
}

type Sourced = Access['permissions'][number];

/** @param toPermission what is told of each permission */
function toldOf<T>(access: Access, toPermission: (sourced: Sourced) => T) {
  return {
    member_id: access.memberId,
    roles: access.roles,
    permissions: access.permissions.map(toPermission),
    teams: access.teams.map(({ teamId, role, permissions }) => ({
      team_id: teamId,
      role,
      permissions: permissions.map(toPermission),
    })),
    teams_complete: access.areTeamsComplete,
  };
}

function toEffective([permission, via]: Sourced): EffectivePermission {
  return { permission, via: via.map(toSource) };
}
