import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { type Grant, Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit } from '../../core/audit/index.ts';
import { tokenHash } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import { Seats } from '../seats/index.ts';
import { type EmailIdentity, emailIdentity } from '../users/index.ts';
import { Addresses } from './addresses.ts';
import { InvitationLinks } from './invitation-links.ts';
import { invitationToken } from './invitation-token.ts';
import {
  type Invitation,
  type InvitationFields,
  InvitationsRepository,
  type InvitedTeam,
} from './invitations.repository.ts';
import { grantsOf } from './promises.policy.ts';

/** About how long a batch takes on a busy machine. */
const BATCH_SECONDS = 1;

/** What somebody says of an invitation. */
export interface InvitationDraft {
  readonly email: string;
  /** Keys. */
  readonly roles: readonly string[];
  readonly teams: readonly InvitedTeam[];
  readonly days: number;
  readonly message: string | null;
  /** false: the link is for whoever invites to pass on. */
  readonly isMailed: boolean;
}

export interface NewInvitation extends Invitation {
  /** Of one that is not mailed. */
  readonly acceptUrl?: string | undefined;
}

/** An invitation that nothing speaks against. */
interface Admitted extends InvitationDraft {
  readonly id: string;
  readonly identity: EmailIdentity;
  readonly token: string;
  readonly grants: readonly Grant[];
}

/** How somebody is invited, alone or with others. What is read and written for a hundred is read and written at once. */
@Injectable()
export class InvitingService {
  constructor(
    private readonly database: Database,
    private readonly repository: InvitationsRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
    private readonly seats: Seats,
    private readonly links: InvitationLinks,
  ) {}

  /**
   * @throws Problem validation_failed for what is no address, no role or no team that the caller sees, permission_denied,
   * grant_exceeds_own, already_member, already_exists where one is pending for the address, limit_reached where it takes a seat that
   * is not there, rate_limited after 20 a day for one address
   */
  async invite(draft: InvitationDraft): Promise<NewInvitation> {
    return this.database.transaction(async () => {
      const [outcome] = await this.#invite([draft]);
      return given(outcome);
    });
  }

  /**
   * Judges each as if it came alone, after those before it.
   * @param asked drafts, and what is wrong with those that are none
   * @returns what became of each, in order
   * @throws Problem rate_limited while another batch of the organisation is at work: it would wait with a connection in its hand
   */
  async inviteAll(asked: readonly (InvitationDraft | Problem)[]): Promise<readonly (NewInvitation | Problem)[]> {
    const drafts = asked.flatMap((one) => (one instanceof Problem ? [] : one));
    const became = await this.database.transaction(async () => {
      if (!(await this.repository.beginBatch())) throw anotherIsAtWork();
      return this.#invite(drafts);
    });
    return inPlaces(asked, became);
  }

  async #invite(drafts: readonly InvitationDraft[]): Promise<readonly (NewInvitation | Problem)[]> {
    await this.organization.take();
    const { id, name } = await this.repository.organization();
    const judged = await this.#judged(id, drafts);
    const admitted = judged.filter(isAdmitted);
    const made = await this.#made(admitted);
    for (const [index, { isMailed, token }] of admitted.entries()) {
      const invitation = given(made[index]);
      this.#record(invitation);
      if (isMailed) this.links.send(invitation, token, name);
    }
    return inPlaces(judged, made);
  }

  /** The organisation is locked: what is read here is so until the commit. */
  async #judged(organizationId: string, drafts: readonly InvitationDraft[]): Promise<readonly (Admitted | Problem)[]> {
    const identities = drafts.map(({ email }) => attempt(() => emailIdentity(email)));
    const emailKeys = [...new Set(identities.flatMap((identity) => (identity instanceof Problem ? [] : identity.key)))];
    const promisable = await this.repository.promisable(drafts);
    const asked = drafts.map((draft) => attempt(() => grantsOf(promisable, draft)));
    const holdings = await this.grants.holdings(asked.flatMap((grants) => (grants instanceof Problem ? [] : grants)));
    await this.repository.expire(emailKeys);
    const addresses = new Addresses(await this.repository.addressStates(emailKeys));
    const room = await this.seats.forInvitations();
    return drafts.map((draft, index) =>
      attempt(() => {
        const identity = given(identities[index]);
        const grants = given(asked[index]);
        holdings.verify(grants);
        addresses.verify(identity.key);
        room.take();
        addresses.take(identity.key);
        return { ...draft, identity, grants, id: uuid(), token: invitationToken(organizationId) };
      }),
    );
  }

  async #made(admitted: readonly Admitted[]): Promise<NewInvitation[]> {
    if (admitted.length === 0) return [];
    const rows = await this.repository.insert(admitted.map(fieldsOf));
    return admitted.map(({ id, roles, teams, isMailed, token }) => {
      const row = rows.get(id);
      if (!row) throw new Error('whoever invites is a member');
      const acceptUrl = isMailed ? undefined : this.links.to(token);
      return { ...row, roles: roles.toSorted(), teams: byTeam(teams), acceptUrl };
    });
  }

  #record({ id, roles, days }: Invitation): void {
    this.audit.record({
      action: 'invitation.created',
      target: { type: 'invitation', id },
      changes: {
        email: { changed: true },
        roles: { from: null, to: roles },
        status: { from: null, to: 'pending' },
        expires_in_days: { from: null, to: days },
      },
    });
  }
}

function anotherIsAtWork(): Problem {
  return new Problem('rate_limited', {
    detail: 'Another batch of invitations is at work in this organization.',
    headers: { 'retry-after': String(BATCH_SECONDS) },
  });
}

/** @returns the problems, and in the place of each of the others what became of it */
function inPlaces<T>(judged: readonly (object | Problem)[], became: readonly T[]): (T | Problem)[] {
  const rest = became.values();
  return judged.map((outcome) => {
    if (outcome instanceof Problem) return outcome;
    const { value, done } = rest.next();
    if (done) throw new Error('there is an outcome for each');
    return value;
  });
}

/** @returns what the work returns, or the problem that it throws */
function attempt<T>(work: () => T): T | Problem {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** @throws Problem where it is one */
function given<T>(outcome: T | Problem | undefined): T {
  if (outcome === undefined) throw new Error('there is an outcome for each');
  if (outcome instanceof Problem) throw outcome;
  return outcome;
}

function fieldsOf({ identity, token, ...draft }: Admitted): InvitationFields {
  const { id, message, days, isMailed, grants } = draft;
  const { address: email, key: emailKey } = identity;
  return { id, email, emailKey, message, days, isMailed, grants, tokenHash: tokenHash(token) };
}

function byTeam(teams: readonly InvitedTeam[]): InvitedTeam[] {
  return teams.toSorted((one, other) => (one.teamId < other.teamId ? -1 : 1));
}

function isAdmitted(outcome: Admitted | Problem): outcome is Admitted {
  return !(outcome instanceof Problem);
}
