import { Problem } from '../../core/http/index.ts';

/** What an address stands for in an organisation already. */
export interface AddressState {
  readonly isMember: boolean;
  /** An invitation to it is pending. */
  readonly isInvited: boolean;
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
