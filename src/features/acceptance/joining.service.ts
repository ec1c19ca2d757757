import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { exceeds } from '../../core/access/index.ts';
import { Audit } from '../../core/audit/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { Problem, type ProblemCode } from '../../core/http/index.ts';
import { Seats } from '../seats/index.ts';
import type { InvitationStatus } from '../invitations/index.ts';
import { AcceptanceRepository, type FoundInvitation, type JoinedTeam, type Promises } from './acceptance.repository.ts';

/** What somebody has become by accepting. */
export interface NewMembership {
  readonly id: string;
  readonly organizationId: string;
  /** Keys, sorted. */
  readonly roles: readonly string[];
}

/** How somebody accepts. */
export interface Acceptance {
  /** Of the token, if any. */
  readonly hash?: Buffer | undefined;
  /** In which they do: of somebody new, the one that has just begun. */
  readonly sessionId: string | null;
}

/** Of an invitation that is over. */
export const OVER: Readonly<Record<Exclude<InvitationStatus, 'pending'>, ProblemCode>> = {
  accepted: 'invitation_used',
  declined: 'invitation_declined',
  revoked: 'invitation_revoked',
  expired: 'invitation_expired',
};

/** @throws Problem 410, of what has become of an invitation that is not pending any more */
export function refuseWhatIsOver(status: InvitationStatus): void {
  if (status !== 'pending') throw new Problem(OVER[status]);
}

/** How an invitation becomes a membership: judged anew, with all that it stands on held until it has. */
@Injectable()
export class Joining {
  constructor(
    private readonly database: Database,
    private readonly repository: AcceptanceRepository,
    private readonly seats: Seats,
    private readonly audit: Audit,
  ) {}

  /**
   * Makes the person of the ambient scope, which is their own, a member of the organisation. The transaction is in that from then on.
   * @returns undefined where the invitation is not there any more
   * @throws Problem 410 for one that is over or void, organization_suspended, already_member, limit_reached
   */
  async join(
    { id, organizationId }: Pick<FoundInvitation, 'id' | 'organizationId'>,
    { hash, sessionId }: Acceptance,
  ): Promise<NewMembership | undefined> {
    const { scope } = currentContext();
    if (!scope) throw new Error('an invitation is accepted by somebody');
    return this.database.transaction(async () => {
      const held = await this.repository.hold(organizationId, id, hash);
      if (!held) return undefined;
      refuseWhatIsOver(held.status);
      if (held.isOrganizationSuspended) throw new Problem('organization_suspended');
      const memberId = uuid();
      return this.database.inScope(scope.joining(organizationId, memberId, sessionId), async () => {
        const { membership, teams } = await this.#kept(id);
        await this.seats.verifyMember();
        await this.seats.verifyTeams(teams.map(({ teamId }) => teamId));
        await this.repository.accept(id, memberId, membership.roleIds);
        const joined = teams.length === 0 ? [] : await this.repository.joinTeams(id);
        const roles = membership.roles.map(({ key }) => key);
        this.#record(id, { id: memberId, organizationId, roles }, joined);
        return { id: memberId, organizationId, roles };
      });
    });
  }

  /** @throws Problem already_member; invitation_void where whoever invited can give less by now */
  async #kept(id: string): Promise<Promises> {
    const promises = await this.repository.promises(id);
    if (promises.isMember) throw new Problem('already_member');
    const { membership, teams } = promises;
    const isVoid =
      exceeds(membership.held, membership.roles, ['invitations:create']) ||
      teams.some(({ held, roles }) => exceeds(held, roles, ['team_members:manage']));
    if (isVoid) throw new Problem('invitation_void');
    return promises;
  }

  #record(id: string, membership: NewMembership, teams: readonly JoinedTeam[]): void {
    const memberId = { from: null, to: membership.id };
    this.audit.record({
      action: 'invitation.accepted',
      target: { type: 'invitation', id },
      changes: { status: { from: 'pending', to: 'accepted' }, member_id: memberId },
    });
    this.audit.record({
      action: 'member.joined',
      target: { type: 'member', id: membership.id },
      changes: { roles: { from: null, to: membership.roles } },
    });
    this.audit.recordAll(
      teams.map(({ id: target, teamId, role }) => ({
        action: 'team_member.added',
        target: { type: 'team_member', id: target },
        teamId,
        changes: { member_id: memberId, role: { from: null, to: role } },
      })),
    );
  }
}
