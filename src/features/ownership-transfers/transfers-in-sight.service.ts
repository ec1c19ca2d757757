import { Injectable } from '@nestjs/common';
import { Grants } from '../../core/access/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { Problem } from '../../core/http/index.ts';
import { type OwnershipTransfer, OwnershipTransfersRepository } from './ownership-transfers.repository.ts';

/** A transfer, also one that is over, as it is there for its two sides, and for whoever may offer ownership themselves. */
@Injectable()
export class TransfersInSightService {
  constructor(
    private readonly repository: OwnershipTransfersRepository,
    private readonly grants: Grants,
  ) {}

  /** @throws Problem not_found, to everybody else too */
  async find(id: string): Promise<OwnershipTransfer> {
    const transfer = await this.repository.find(id);
    if (transfer && (isSide(transfer) || (await this.#mayTransfer()))) return transfer;
    throw new Problem('not_found');
  }

  /** @returns 0 of one that the caller sees: it has no versions */
  async versionOf(id: string): Promise<number> {
    await this.find(id);
    return 0;
  }

  async #mayTransfer(): Promise<boolean> {
    const holdings = await this.grants.holdings([]);
    return holdings.permit('organization:transfer');
  }
}

function isSide({ proposerId, receiverId }: OwnershipTransfer): boolean {
  const memberId = currentContext().scope?.memberId;
  return memberId === proposerId || memberId === receiverId;
}
