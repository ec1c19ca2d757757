import type { Grant } from '../../core/access/index.ts';
import { validationProblem } from '../../core/http/index.ts';
import type { InvitedTeam, Promisable } from './invitations.repository.ts';

/** What an invitation is to promise. */
interface Asked {
  /** Keys. */
  readonly roles: readonly string[];
  readonly teams: readonly InvitedTeam[];
}

/** @throws Problem validation_failed for a role or team that is not there for the caller */
export function grantsOf({ roleIds, teamRoleIds, teamIds }: Promisable, { roles, teams }: Asked): Grant[] {
  const inOrganization = roles.map((key, index) => {
    const roleId = roleIds.get(key) ?? refuse(`/roles/${index}`, 'unknown', 'is no role of this organization');
    return { roleId, teamId: null };
  });
  const onTeams = teams.map(({ teamId, role }, index) => {
    if (!teamIds.has(teamId)) refuse(`/teams/${index}/team_id`, 'unknown', 'is no team of this organization');
    const isFirst = teams.findIndex((team) => team.teamId === teamId) === index;
    if (!isFirst) refuse(`/teams/${index}/team_id`, 'unique', 'must not be given twice');
    const roleId = teamRoleIds.get(role) ?? refuse(`/teams/${index}/role`, 'unknown', 'is no team role');
    // Whoever accepts is put into the team, in the name of whoever invites.
    return { roleId, teamId, takes: ['team_members:manage'] };
  });
  return [...inOrganization, ...onTeams];
}

function refuse(pointer: string, code: 'unknown' | 'unique', detail: string): never {
  throw validationProblem([{ pointer, code, detail }]);
}
