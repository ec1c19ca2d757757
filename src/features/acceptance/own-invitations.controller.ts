import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Page, PageOf, PathId, Refuses, Resource, Section, selectionOf } from '../../core/http/index.ts';
import { INVITATIONS } from '../invitations/index.ts';
import {
  AcceptanceResponse,
  OwnInvitationResponse,
  OwnInvitationsQuery,
  toAcceptance,
  toOwnInvitation,
} from './acceptance.dto.ts';
import { AcceptanceService } from './acceptance.service.ts';
import { OVER } from './joining.service.ts';

@Section(...INVITATIONS)
@Controller('me/invitations')
@Resource(AcceptanceService)
export class OwnInvitationsController {
  constructor(private readonly acceptance: AcceptanceService) {}

  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'List the invitations to your address',
    description:
      'Those that are pending, of all organizations. The newest first, unless `sort` says otherwise. Whether who invited you can ' +
      'still give what they promised is judged when you accept.',
  })
  @PageOf(OwnInvitationResponse)
  async list(@Query() query: OwnInvitationsQuery): Promise<Page<OwnInvitationResponse>> {
    return Page.of(query, await this.acceptance.listOwn(selectionOf(query)), toOwnInvitation);
  }

  @Post(':invitation_id/accept')
  @HttpCode(200)
  @Access.signedIn()
  @ApiOperation({ summary: 'Accept an invitation to your address' })
  @ApiOkResponse({ type: AcceptanceResponse })
  @Refuses(...Object.values(OVER), 'invitation_void', 'organization_suspended', 'already_member', 'limit_reached')
  async accept(@PathId('invitation_id') id: string): Promise<AcceptanceResponse> {
    return toAcceptance(await this.acceptance.acceptOwn(id));
  }
}
