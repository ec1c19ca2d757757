import { Injectable } from '@nestjs/common';
import { Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { tokenHash } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type Precondition, Problem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import { Seats } from '../seats/index.ts';
import { emailIdentity } from '../users/index.ts';
import { refuseTaken } from './addresses.ts';
import { InvitationLinks } from './invitation-links.ts';
import { invitationToken } from './invitation-token.ts';
import type { InvitationStatus } from './invitation-status.ts';
import {
  type Invitation,
  type InvitationsFilter,
  InvitationsRepository,
  MOST_RESENDS,
} from './invitations.repository.ts';
import { grantsOf } from './promises.policy.ts';

const DAY = 24 * 3600;

const resends: Block = {
  name: 'invitation-resends',
  requests: MOST_RESENDS,
  seconds: DAY,
  detail: 'This invitation has been sent too often today. Wait as long as Retry-After says.',
};

/** Invitations as they are seen, sent again and revoked by those who invite. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly database: Database,
    private readonly repository: InvitationsRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly seats: Seats,
    private readonly links: InvitationLinks,
    private readonly audit: Audit,
  ) {}

  async list(filter: InvitationsFilter): Promise<Rows<Invitation>> {
    return this.repository.list(filter);
  }

  /** @throws Problem not_found */
  async find(id: string): Promise<Invitation> {
    return existing(await this.repository.find(id));
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.find(id))?.version;
  }

  /**
   * Mails another link, which works for as long as the first one did; from then on no earlier one does. That is to invite anew: what it
   * promises becomes the word of whoever sends it, who could give it, but for teams that they do not see, which it promises no more.
   * @throws Problem not_found, grant_exceeds_own, permission_denied, conflict where it is accepted, declined or revoked, already_member, already_exists where another one has
   * become pending after this had expired, limit_reached where it takes a seat again that is not there, rate_limited after 5 a day
   */
  async resend(id: string): Promise<Invitation> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const { name } = await this.repository.organization();
      const invitation = existing(await this.repository.find(id));
      await this.#verifyGrants(invitation);
      await this.#verifyAddress(invitation);
      if (invitation.roles.length === 0) throw promisesNothing();
      if (invitation.status === 'expired') await this.seats.verifyInvitation();
      refuseWhileBlocked(resends, await this.repository.resendsAfter(id));
      const token = invitationToken(invitation.organizationId);
      const teamIds = invitation.teams.map(({ teamId }) => teamId);
      await this.repository.renew(id, tokenHash(token), teamIds);
      const renewed = existing(await this.repository.find(id));
      this.links.send(renewed, token, name);
      this.#record('invitation.resent', renewed, {
        expires_at: { from: invitation.expiresAt.toISOString(), to: renewed.expiresAt.toISOString() },
        ...(invitation.inviterId !== renewed.inviterId && {
          inviter_id: { from: invitation.inviterId, to: renewed.inviterId },
        }),
      });
      return renewed;
    });
  }

  /** As if the caller invited to it. @throws Problem grant_exceeds_own */
  async #verifyGrants(invitation: Invitation): Promise<void> {
    const promisable = await this.repository.promisable([invitation]);
    await this.grants.verifyAll(grantsOf(promisable, invitation));
  }

  async #verifyAddress({ email, status }: Invitation): Promise<void> {
    if (email === null || (status !== 'pending' && status !== 'expired')) throw isOver(status);
    const { key } = emailIdentity(email);
    await this.repository.expire([key]);
    const state = (await this.repository.addressStates([key])).get(key);
    if (!state) throw new Error('the address is not the one that was asked for');
    // One that is pending is in nobody's way but its own.
    refuseTaken({ ...state, isInvited: state.isInvited && status === 'expired' });
  }

  /**
   * Ends what is pending: its link says so from then on.
   * @throws Problem not_found also where it is revoked already, precondition_failed, conflict where it has become something else
   */
  async revoke(id: string, precondition: Precondition): Promise<void> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const invitation = existing(await this.repository.find(id));
      if (invitation.status === 'revoked') throw new Problem('not_found');
      precondition.verify(invitation.version);
      if (invitation.status !== 'pending') throw isOver(invitation.status);
      await this.repository.revoke(id);
      this.#record('invitation.revoked', invitation, { status: { from: 'pending', to: 'revoked' } });
    });
  }

  #record(action: string, { id }: Invitation, changes: Record<string, Change>): void {
    this.audit.record({ action, target: { type: 'invitation', id }, changes });
  }
}

function promisesNothing(): Problem {
  return new Problem('conflict', { detail: 'The roles that it promised were deleted. Invite anew, to others.' });
}

function isOver(status: InvitationStatus): Problem {
  return new Problem('conflict', { detail: `The invitation is not pending any more: it is ${status}.` });
}
