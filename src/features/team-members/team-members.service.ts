import { Injectable } from '@nestjs/common';
import { Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type FieldError, type Precondition, Problem, validationProblem } from '../../core/http/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import { Seats } from '../seats/index.ts';
import { type TeamMember, type TeamMembersFilter, TeamMembersRepository } from './team-members.repository.ts';

export interface NewTeamMember {
  readonly memberId: string;
  /** The key of a team role. */
  readonly role: string;
}

/**
 * Who is in a team, and as what. Whoever changes that has locked the organisation, as whoever ends a membership or moves a team has:
 * so the member, the team and what the caller may do in it are still what they were when it commits.
 */
@Injectable()
export class TeamMembersService {
  constructor(
    private readonly database: Database,
    private readonly repository: TeamMembersRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
    private readonly seats: Seats,
  ) {}

  async versionOf(teamId: string, id?: string): Promise<number | undefined> {
    // The team was there when the request was let in.
    return id === undefined ? 0 : (await this.repository.find(teamId, id))?.version;
  }

  async list(teamId: string, filter: TeamMembersFilter): Promise<Rows<TeamMember>> {
    return this.repository.list(teamId, filter);
  }

  /** @throws Problem not_found */
  async find(teamId: string, id: string): Promise<TeamMember> {
    return existing(await this.repository.find(teamId, id));
  }

  /**
   * @throws Problem not_found, permission_denied where the caller does not see who is in it, validation_failed for a member or role that
   * is not there, grant_exceeds_own, already_member, limit_reached
   */
  async add(teamId: string, { memberId, role }: NewTeamMember): Promise<TeamMember> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const { hasTeam, isClosed, hasMember, roleId, isTaken } = await this.repository.lookUp(teamId, memberId, role);
      if (!hasTeam) throw new Problem('not_found');
      // Nobody makes what they would not see.
      if (isClosed) throw new Problem('permission_denied', { members: { required: 'teams:read_private' } });
      if (!hasMember || roleId === null) {
        throw validationProblem([...(hasMember ? [] : [noMember]), ...(roleId === null ? [noRole] : [])]);
      }
      await this.grants.verify([roleId], teamId);
      if (isTaken) throw new Problem('already_member');
      await this.seats.verifyTeams([teamId]);
      const teamMember = await this.repository.insert(teamId, memberId, roleId);
      this.#record('team_member.added', teamMember, {
        member_id: { from: null, to: memberId },
        role: { from: null, to: role },
      });
      return teamMember;
    });
  }

  /** @throws Problem not_found, precondition_failed, validation_failed for a role that is not there, grant_exceeds_own */
  async update(teamId: string, id: string, role: string | undefined, precondition: Precondition): Promise<TeamMember> {
    return this.database.transaction(async () => {
      const teamMember = await this.#locked(teamId, id, precondition);
      if (role === undefined || role === teamMember.role) return teamMember;
      const { roleId } = await this.repository.lookUp(teamId, teamMember.member.id, role);
      if (roleId === null) throw validationProblem([noRole]);
      await this.grants.verify([teamMember.roleId, roleId], teamId);
      this.#record('team_member.updated', teamMember, { role: { from: teamMember.role, to: role } });
      return this.repository.update(id, roleId);
    });
  }

  /** @throws Problem not_found, precondition_failed, grant_exceeds_own */
  async remove(teamId: string, id: string, precondition: Precondition): Promise<void> {
    return this.database.transaction(async () => {
      const teamMember = await this.#locked(teamId, id, precondition);
      await this.grants.verify([teamMember.roleId], teamId);
      await this.repository.delete(id);
      this.#record('team_member.removed', teamMember, {
        member_id: { from: teamMember.member.id, to: null },
        role: { from: teamMember.role, to: null },
      });
    });
  }

  async #locked(teamId: string, id: string, precondition: Precondition): Promise<TeamMember> {
    await this.organization.take();
    const teamMember = await this.find(teamId, id);
    precondition.verify(teamMember.version);
    return teamMember;
  }

  #record(action: string, { id, teamId }: TeamMember, changes: Record<string, Change>): void {
    this.audit.record({ action, target: { type: 'team_member', id }, teamId, changes });
  }
}

const noMember: FieldError = {
  pointer: '/member_id',
  code: 'unknown',
  detail: 'must be a member of this organization',
};
const noRole: FieldError = { pointer: '/role', code: 'unknown', detail: 'must be a team role of this organization' };
