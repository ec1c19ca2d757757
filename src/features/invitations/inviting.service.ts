import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { grantExceedsOwn, Grants } from '../../core/access/index.ts';
import { Audit } from '../../core/audit/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { tokenHash } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import { Seats } from '../seats/index.ts';
import { type EmailIdentity, emailIdentity } from '../users/index.ts';
import { refuseTaken } from './address.policy.ts';
import { InvitationLinks } from './invitation-links.ts';
import { invitationToken } from './invitation-token.ts';
import {
  type InvitableAddress,
  type Invitation,
  type InvitationFields,
  InvitationsRepository,
  MOST_OF_ADDRESS,
} from './invitations.repository.ts';

/** What somebody says of an invitation. */
export interface InvitationDraft {
  readonly email: string;
  /** Keys. */
  readonly roles: readonly string[];
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
  readonly roleIds: readonly string[];
}

const DAY = 24 * 3600;

const invitationsOfAddress: Block = {
  name: 'invitations-of-address',
  requests: MOST_OF_ADDRESS,
  seconds: DAY,
  detail: 'This address has been invited too often today. Wait as long as Retry-After says.',
};

/** How somebody is invited, alone or with others. What is read and written for a hundred is read and written at once. */
@Injectable()
export class InvitingService {
  constructor(
    private readonly database: Database,
    private readonly repository: InvitationsRepository,
    private readonly grants: Grants,
    private readonly audit: Audit,
    private readonly seats: Seats,
    private readonly links: InvitationLinks,
  ) {}

  /**
   * @throws Problem validation_failed for what is no address or no role, permission_denied, grant_exceeds_own, already_member, already_exists where one is
   * pending for the address, limit_reached where it takes a seat that is not there, rate_limited after 20 a day for one address
   */
  async invite(draft: InvitationDraft): Promise<NewInvitation> {
    return this.database.transaction(async () => {
      const [outcome] = await this.#invite([draft]);
      if (outcome === undefined || outcome instanceof Problem) throw outcome ?? new Error('nobody was invited');
      return outcome;
    });
  }

  /** Judges each as if it came alone, after those before it. @returns what became of each, in order */
  async inviteAll(drafts: readonly InvitationDraft[]): Promise<readonly (NewInvitation | Problem)[]> {
    return this.database.transaction(() => this.#invite(drafts));
  }

  async #invite(drafts: readonly InvitationDraft[]): Promise<readonly (NewInvitation | Problem)[]> {
    const organization = await this.repository.lockOrganization();
    const judged = await this.#judged(drafts);
    const admitted = judged.filter(isAdmitted);
    const made = await this.#made(admitted);
    for (const [index, { isMailed, token }] of admitted.entries()) {
      const invitation = given(made[index]);
      this.#record(invitation);
      if (isMailed) this.links.send(invitation, token, organization);
    }
    return inPlaces(judged, made);
  }

  /** The organisation is locked: what is read here is so until the commit. */
  async #judged(drafts: readonly InvitationDraft[]): Promise<readonly (Admitted | Problem)[]> {
    const identities = drafts.map(({ email }) => attempt(() => emailIdentity(email)));
    const emailKeys = [...new Set(identities.flatMap((identity) => (identity instanceof Problem ? [] : identity.key)))];
    const roleIds = await this.repository.roleIds(drafts.flatMap(({ roles }) => roles));
    const excesses = await this.#excesses([...roleIds.values()]);
    await this.repository.expire(emailKeys);
    const room = await this.seats.forInvitations();
    const addresses = new Addresses(await this.repository.addressStates(emailKeys));
    return drafts.map((draft, index) =>
      attempt(() => {
        const identity = given(identities[index]);
        const ids = idsOf(draft.roles, roleIds);
        refuseExcess(ids.flatMap((id) => excesses.get(id) ?? []));
        addresses.verify(identity.key);
        room.take();
        addresses.take(identity.key);
        return { ...draft, identity, roleIds: ids, id: uuid(), token: invitationToken(organizationId()) };
      }),
    );
  }

  /** @returns by role, what the caller would need to give it; most often nobody gives too much, and one question is enough */
  async #excesses(roleIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const excesses = new Map<string, readonly string[]>();
    if ((await this.grants.missing(roleIds)).length === 0) return excesses;
    for (const id of roleIds) excesses.set(id, await this.grants.missing([id]));
    return excesses;
  }

  async #made(admitted: readonly Admitted[]): Promise<NewInvitation[]> {
    if (admitted.length === 0) return [];
    const rows = await this.repository.insert(admitted.map(fieldsOf));
    return admitted.map(({ id, roles, isMailed, token }) => {
      const row = rows.get(id);
      // Whoever invites was let in before they waited for the organisation, and is no member any more.
      if (!row) throw new Problem('permission_denied', { members: { required: 'invitations:create' } });
      const acceptUrl = isMailed ? undefined : this.links.to(token);
      return { ...row, roles: roles.toSorted(), acceptUrl };
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

/** Who can be invited: each address once, however many ask for it in one call. */
class Addresses {
  readonly #taken = new Set<string>();

  constructor(private readonly states: ReadonlyMap<string, InvitableAddress>) {}

  take(emailKey: string): void {
    this.#taken.add(emailKey);
  }

  /** @throws Problem already_member, already_exists, rate_limited */
  verify(emailKey: string): void {
    const state = this.states.get(emailKey);
    if (!state) throw new Error('nobody has asked for the address');
    const { isMember, isInvited, retryAfter } = state;
    refuseTaken({ isMember, isInvited: isInvited || this.#taken.has(emailKey) });
    refuseWhileBlocked(invitationsOfAddress, retryAfter);
  }
}

function organizationId(): string {
  const id = currentContext().scope?.organizationId;
  if (!id) throw new Error('one invites into an organisation');
  return id;
}

function fieldsOf({ identity, token, ...draft }: Admitted): InvitationFields {
  const { id, message, days, isMailed, roleIds } = draft;
  const { address: email, key: emailKey } = identity;
  return { id, email, emailKey, message, days, isMailed, roleIds, tokenHash: tokenHash(token) };
}

function isAdmitted(outcome: Admitted | Problem): outcome is Admitted {
  return !(outcome instanceof Problem);
}

/** @returns the outcomes, with what was made in the place of what was admitted */
function inPlaces(
  judged: readonly (Admitted | Problem)[],
  made: readonly NewInvitation[],
): (NewInvitation | Problem)[] {
  const rest = made.values();
  return judged.map((outcome) => (outcome instanceof Problem ? outcome : given(rest.next().value)));
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

function idsOf(keys: readonly string[], ids: ReadonlyMap<string, string>): string[] {
  return keys.map((key, index) => {
    const id = ids.get(key);
    if (id === undefined) {
      const detail = 'is no role of this organization';
      throw validationProblem([{ pointer: `/roles/${index}`, code: 'unknown', detail }]);
    }
    return id;
  });
}

function refuseExcess(missing: readonly string[]): void {
  if (missing.length > 0) throw grantExceedsOwn([...new Set(missing)].toSorted());
}
