import { Injectable } from '@nestjs/common';
import { OrganizationLock } from '../../core/access/index.ts';
import { Audit } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, Problem } from '../../core/http/index.ts';
import { withoutOwnership, withOwnership } from './ownership.policy.ts';
import { type OwnershipTransfer, OwnershipTransfersRepository, type Party } from './ownership-transfers.repository.ts';

/** The receiver's side of a transfer. */
@Injectable()
export class OffersService {
  constructor(
    private readonly database: Database,
    private readonly repository: OwnershipTransfersRepository,
    private readonly organization: OrganizationLock,
    private readonly audit: Audit,
  ) {}

  /** @returns 0 of one that the caller was offered: it has no versions */
  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.findOffered(id)) && 0;
  }

  /**
   * Makes the caller, to whom it was offered, an owner in the proposer's place.
   * @throws Problem not_found for one that was offered to somebody else or is cancelled, by who offered it or because they are an
   * owner no longer; conflict where it was accepted before, or the role that the proposer keeps has gone
   */
  async accept(id: string): Promise<OwnershipTransfer> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const transfer = existing(await this.repository.findOffered(id));
      await this.#verify(transfer);
      const receiver = existing(await this.repository.findParty(transfer.receiverId));
      const proposer = existing(await this.repository.findParty(transfer.proposerId));
      if (!(await this.repository.end(id, 'accepted'))) throw new Problem('not_found');
      await this.repository.moveOwnership(transfer);
      this.audit.record({
        action: 'ownership_transfer.accepted',
        target: { type: 'ownership_transfer', id },
        changes: {
          status: { from: 'pending', to: 'accepted' },
          owner_id: { from: transfer.proposerId, to: transfer.receiverId },
        },
      });
      this.#recordRoles(proposer, withoutOwnership(proposer.roles, transfer.keepRole));
      this.#recordRoles(receiver, withOwnership(receiver.roles));
      return { ...transfer, status: 'accepted' };
    });
  }

  /** @throws Problem conflict */
  async #verify({ keepRole, status }: OwnershipTransfer): Promise<void> {
    if (status !== 'pending') throw conflict('It was accepted already.');
    if (!(await this.repository.hasRole(keepRole)))
      throw conflict('The role that they were to keep is there no longer.');
  }

  #recordRoles({ id, roles: from }: Party, to: readonly string[]): void {
    if (to.join() === from.join()) return;
    this.audit.record({ action: 'member.updated', target: { type: 'member', id }, changes: { roles: { from, to } } });
  }
}

function conflict(detail: string): Problem {
  return new Problem('conflict', { detail: `${detail} Ask for another transfer.` });
}
