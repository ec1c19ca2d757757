import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import { type Answer, created, PathId, Refuses, Resource, Section } from '../../core/http/index.ts';
import {
  OwnershipTransferRequest,
  OwnershipTransferResponse,
  toOwnershipTransfer,
  toProposal,
} from './ownership-transfers.dto.ts';
import { OffersService } from './offers.service.ts';
import { OwnershipTransfersService } from './ownership-transfers.service.ts';
import { TransfersInSightService } from './transfers-in-sight.service.ts';

@Section('Ownership transfers', 'How an organization changes hands: an owner offers it, and a member accepts.')
@Controller('organizations/:organization_id/ownership-transfers')
@Resource(OwnershipTransfersService)
export class OwnershipTransfersController {
  constructor(
    private readonly transfers: OwnershipTransfersService,
    private readonly offers: OffersService,
    private readonly inSight: TransfersInSightService,
  ) {}

  @Post()
  @Access('organization:transfer')
  @StepUp()
  @ApiOperation({
    summary: 'Offer your ownership to a member',
    description:
      'Nothing changes until the member accepts, who is told by mail. One offer at a time. It takes an owner.',
  })
  @ApiCreatedResponse({ type: OwnershipTransferResponse })
  @Refuses('conflict', 'grant_exceeds_own')
  async propose(@Body() request: OwnershipTransferRequest): Promise<Answer<OwnershipTransferResponse>> {
    const transfer = await this.transfers.propose(toProposal(request));
    return created(transfer.id, toOwnershipTransfer(transfer));
  }

  @Get(':transfer_id')
  @Access.member({ also: { 'organization:transfer': 'for one that is neither by you nor to you' } })
  @Resource(TransfersInSightService)
  @ApiOperation({
    summary: 'Read an offer of ownership, also one that is over',
    description: 'To everybody else it is not found.',
  })
  @ApiOkResponse({ type: OwnershipTransferResponse })
  async find(@PathId('transfer_id') id: string): Promise<OwnershipTransferResponse> {
    return toOwnershipTransfer(await this.inSight.find(id));
  }

  @Post(':transfer_id/accept')
  @HttpCode(200)
  @Access.member()
  @Resource(OffersService)
  @ApiOperation({
    summary: 'Accept the ownership that you were offered',
    description: 'You become an owner, and who offered it is one no longer. Offered to somebody else, it is not found.',
  })
  @ApiOkResponse({ type: OwnershipTransferResponse })
  @Refuses('conflict')
  async accept(@PathId('transfer_id') id: string): Promise<OwnershipTransferResponse> {
    return toOwnershipTransfer(await this.offers.accept(id));
  }

  @Delete(':transfer_id')
  @HttpCode(204)
  @Access('organization:transfer')
  @ApiOperation({
    summary: 'Take back an offer of ownership',
    description: 'Any owner may, until it is accepted.',
  })
  @ApiNoContentResponse()
  @Refuses('grant_exceeds_own')
  async cancel(@PathId('transfer_id') id: string): Promise<void> {
    await this.transfers.cancel(id);
  }
}
