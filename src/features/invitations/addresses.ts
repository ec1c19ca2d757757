import { Problem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';

/** In a day, of one address in one organisation: whoever revokes and invites again sends as many mails. */
export const MOST_OF_ADDRESS = 20;

/** What an address stands for in an organisation already. */
export interface AddressState {
  readonly isMember: boolean;
  /** An invitation to it is pending. */
  readonly isInvited: boolean;
}

export interface InvitableAddress extends AddressState {
  /** Seconds until it may be invited again; 0: now. */
  readonly retryAfter: number;
}

const invitations: Block = {
  name: 'invitations-of-address',
  requests: MOST_OF_ADDRESS,
  seconds: 24 * 3600,
  detail: 'This address has been invited too often today. Wait as long as Retry-After says.',
};

/** Who can be invited: each address once, however many ask for it in one call. */
export class Addresses {
  readonly #taken = new Set<string>();

  constructor(private readonly states: ReadonlyMap<string, InvitableAddress>) {}

  /** @throws Problem already_member, already_exists, rate_limited */
  verify(emailKey: string): void {
    const state = this.states.get(emailKey);
    if (!state) throw new Error('nobody has asked for the address');
    const { isMember, isInvited, retryAfter } = state;
    refuseTaken({ isMember, isInvited: isInvited || this.#taken.has(emailKey) });
    refuseWhileBlocked(invitations, retryAfter);
  }

  take(emailKey: string): void {
    this.#taken.add(emailKey);
  }
}

/** @throws Problem already_member, already_exists where no invitation to the address may become pending */
export function refuseTaken({ isMember, isInvited }: AddressState): void {
  if (isMember) throw new Problem('already_member');
  if (isInvited) {
    throw new Problem('already_exists', {
      detail: 'An invitation to this address is pending. Send it again, or revoke it first.',
      errors: [{ pointer: '/email', code: 'taken', detail: 'is invited already' }],
    });
  }
}
