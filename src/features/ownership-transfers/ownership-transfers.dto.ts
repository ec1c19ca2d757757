import { Choice, Identifier, Text, Timestamp } from '../../core/http/index.ts';
import type { OwnershipTransfer } from './ownership-transfers.repository.ts';
import type { Proposal } from './ownership-transfers.service.ts';

const ROLE = { min: 1, max: 48, example: 'admin' };

export class OwnershipTransferRequest {
  @Identifier({ description: 'The member who is to become an owner.' })
  member_id: string;

  @Text({
    ...ROLE,
    optional: true,
    description: 'The key of the role that you hold from then on; `admin` unless given.',
  })
  keep_role?: string;
}

export class OwnershipTransferResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @Identifier({ description: 'The member who becomes an owner by accepting it.' })
  member_id: string;

  @Identifier({ description: 'The member who is an owner until then.' })
  proposer_id: string;

  @Text({ ...ROLE, description: 'The key of the role that the proposer holds from then on.' })
  keep_role: string;

  @Choice(['pending', 'accepted', 'cancelled'], {
    description: '`cancelled`: taken back, or one of the two could not do their part any more.',
  })
  status: string;

  @Timestamp()
  created_at: string;
}

export function toProposal({
  member_id: receiverId,
  keep_role: keepRole = 'admin',
}: OwnershipTransferRequest): Proposal {
  return { receiverId, keepRole };
}

export function toOwnershipTransfer(transfer: OwnershipTransfer): OwnershipTransferResponse {
  const { id, organizationId, receiverId, proposerId, keepRole, status, createdAt } = transfer;
  return {
    id,
    organization_id: organizationId,
    member_id: receiverId,
    proposer_id: proposerId,
    keep_role: keepRole,
    status,
    created_at: createdAt.toISOString(),
  };
}
