import { Body, Controller, Delete, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access } from '../../core/access/index.ts';
import {
  type Answer,
  created,
  IfMatch,
  Page,
  PageOf,
  PathId,
  Precondition,
  problemDetails,
  Refuses,
  Resource,
  Section,
  versioned,
} from '../../core/http/index.ts';
import { INVITATIONS, InvitationResponse, InvitationsQuery, toFilter, toInvitation } from './invitations.dto.ts';
import {
  InvitationBatchRequest,
  InvitationBatchResponse,
  InvitationRequest,
  NewInvitationResponse,
  toDraft,
  toDraftOrProblem,
  toNewInvitation,
  toResults,
} from './inviting.dto.ts';
import { InvitationsService } from './invitations.service.ts';
import { InvitingService } from './inviting.service.ts';

/** Whoever accepts is put into the teams, in the name of whoever invites. */
const INTO_TEAMS = { 'team_members:manage': 'on each team that it is for' };

@Section(...INVITATIONS)
@Controller('organizations/:organization_id/invitations')
@Resource(InvitationsService)
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly inviting: InvitingService,
  ) {}

  @Post()
  @Access('invitations:create', { also: INTO_TEAMS })
  @ApiOperation({
    summary: 'Invite somebody by their email address',
    description:
      'They are mailed a link, which proves that the address is theirs. One invitation at most is pending for an address. ' +
      'What you give is judged now, and again when it is accepted.',
  })
  @ApiCreatedResponse({ type: NewInvitationResponse })
  @Refuses('grant_exceeds_own', 'already_member', 'already_exists', 'limit_reached')
  async create(@Body() request: InvitationRequest): Promise<Answer<NewInvitationResponse>> {
    const invitation = await this.inviting.invite(toDraft(request));
    return created(invitation.id, toNewInvitation(invitation), invitation.version);
  }

  @Post('batch')
  @HttpCode(200)
  @Access('invitations:create', { also: INTO_TEAMS })
  @ApiOperation({
    summary: 'Invite up to a hundred people at once',
    description:
      'Each is judged alone, after those before it: one that is refused keeps none from the others, also where it is no request for ' +
      'an invitation at all. One batch at a time: 429 while another one of the organization is at work.',
  })
  @ApiOkResponse({ type: InvitationBatchResponse })
  async createAll(
    @Body() { invitations }: InvitationBatchRequest,
    @Req() request: FastifyRequest,
  ): Promise<InvitationBatchResponse> {
    const asked = await Promise.all(invitations.map(toDraftOrProblem));
    const outcomes = await this.inviting.inviteAll(asked);
    return toResults(outcomes, (problem) => problemDetails(problem, request));
  }

  @Get()
  @Access('invitations:read')
  @ApiOperation({
    summary: 'List the invitations of an organization',
    description: 'The newest first unless `sort` says otherwise; also those that are over.',
  })
  @PageOf(InvitationResponse)
  async list(@Query() query: InvitationsQuery): Promise<Page<InvitationResponse>> {
    return Page.of(query, await this.invitations.list(toFilter(query)), toInvitation);
  }

  @Get(':invitation_id')
  @Access('invitations:read')
  @ApiOperation({ summary: 'Read an invitation, also one that is over' })
  @ApiOkResponse({ type: InvitationResponse })
  async find(@PathId('invitation_id') id: string): Promise<Answer<InvitationResponse>> {
    const invitation = await this.invitations.find(id);
    return versioned(invitation.version, toInvitation(invitation));
  }

  @Post(':invitation_id/resend')
  @HttpCode(200)
  @Access('invitations:create', { also: INTO_TEAMS })
  @ApiOperation({
    summary: 'Send an invitation again, also one that has expired',
    description:
      'With another mailed link and its time anew; no earlier link works any more. It is you who invites then: you could give what it ' +
      'promises, and teams that you do not see it promises no more. Five times a day.',
  })
  @ApiOkResponse({ type: InvitationResponse })
  @Refuses('grant_exceeds_own', 'conflict', 'already_member', 'already_exists', 'limit_reached')
  async resend(@PathId('invitation_id') id: string): Promise<Answer<InvitationResponse>> {
    const invitation = await this.invitations.resend(id);
    return versioned(invitation.version, toInvitation(invitation));
  }

  @Delete(':invitation_id')
  @HttpCode(204)
  @Access('invitations:revoke')
  @ApiOperation({
    summary: 'Revoke an invitation that is pending',
    description: 'Its link says so from then on. It stays in the list.',
  })
  @ApiNoContentResponse()
  @Refuses('conflict')
  async revoke(@PathId('invitation_id') id: string, @IfMatch() precondition: Precondition): Promise<void> {
    await this.invitations.revoke(id, precondition);
  }
}
