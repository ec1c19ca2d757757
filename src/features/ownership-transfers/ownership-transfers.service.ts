import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Grants, OrganizationLock, systemRoleIds } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, Problem, validationProblem } from '../../core/http/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { OWNER } from './ownership.policy.ts';
import { type OwnershipTransfer, OwnershipTransfersRepository, type Party } from './ownership-transfers.repository.ts';

/** What an owner offers. */
export interface Proposal {
  readonly receiverId: string;
  /** The key of the role that they hold in place of ownership. */
  readonly keepRole: string;
}

/** How an owner offers their ownership, and takes that back. All is judged under the organisation's lock, which whoever changes its owners takes. */
@Injectable()
export class OwnershipTransfersService {
  constructor(
    private readonly database: Database,
    private readonly repository: OwnershipTransfersRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
    private readonly mail: Mail,
    private readonly config: Config,
  ) {}

  /** @returns 0 of one that waits to be accepted: it has no versions */
  async versionOf(id: string): Promise<number | undefined> {
    const pending = await this.repository.findPending();
    return pending?.id === id ? 0 : undefined;
  }

  /**
   * Offers the caller's ownership to a member, who is told by mail.
   * @throws Problem validation_failed for somebody who can't become an owner, or an unknown role; grant_exceeds_own to who is no
   * owner; conflict while another one waits
   */
  async propose({ receiverId, keepRole }: Proposal): Promise<OwnershipTransfer> {
    return this.database.transaction(async () => {
      await this.organization.take();
      await this.grants.verify([systemRoleIds.owner]);
      const receiver = await this.#receiver(receiverId);
      await this.#requireRole(keepRole);
      const proposer = existing(await this.repository.findCaller());
      await this.#requireNone();
      const transfer = await this.repository.insert({ proposerId: proposer.id, receiverId, keepRole });
      this.#record('proposed', transfer, {
        proposer_id: { from: null, to: proposer.id },
        receiver_id: { from: null, to: receiverId },
        keep_role: { from: null, to: keepRole },
      });
      const { organizationId, id } = transfer;
      const link = `${this.config.appUrl}/organizations/${organizationId}/ownership-transfers/${id}`;
      this.mail.send({ to: receiver.email, template: 'ownership_offered', link });
      return transfer;
    });
  }

  /** @throws Problem grant_exceeds_own to who is no owner, as whoever offers it is; not_found for one that does not wait to be accepted */
  async cancel(id: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.organization.take();
      await this.grants.verify([systemRoleIds.owner]);
      const transfer = await this.repository.findPending();
      if (transfer?.id !== id || !(await this.repository.end(id, 'cancelled'))) throw new Problem('not_found');
      this.#record('cancelled', transfer, {
        status: { from: 'pending', to: 'cancelled' },
        receiver_id: { from: transfer.receiverId, to: null },
      });
    });
  }

  async #receiver(id: string): Promise<Party> {
    const receiver = await this.repository.findReceiver(id);
    if (!receiver) throw refused('unknown', 'must be an active member');
    if (receiver.roles.includes(OWNER)) throw refused('refused', 'is an owner already');
    return receiver;
  }

  async #requireRole(key: string): Promise<void> {
    if (key !== OWNER && (await this.repository.hasRole(key))) return;
    const detail = 'must be a role of this organization other than owner';
    throw validationProblem([{ pointer: '/keep_role', code: 'unknown', detail }]);
  }

  /** @throws Problem conflict. One that nobody could accept any more does not wait: the database has cancelled it */
  async #requireNone(): Promise<void> {
    const pending = await this.repository.findPending();
    if (pending) throw waiting(pending);
  }

  #record(verb: string, { id }: OwnershipTransfer, changes: Record<string, Change>): void {
    this.audit.record({ action: `ownership_transfer.${verb}`, target: { type: 'ownership_transfer', id }, changes });
  }
}

function refused(code: 'unknown' | 'refused', detail: string): Problem {
  return validationProblem([{ pointer: '/member_id', code, detail }]);
}

function waiting({ id }: OwnershipTransfer): Problem {
  return new Problem('conflict', { detail: `Transfer ${id} waits to be accepted. Cancel it first.` });
}
