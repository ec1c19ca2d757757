import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { PathMember, Refuses, Resource, Section } from '../../core/http/index.ts';
import { Reading } from '../../core/idempotency/index.ts';
import {
  AccessChecksRequest,
  AccessChecksResponse,
  AccessResponse,
  MemberAccessResponse,
  toAccess,
  toChecks,
  toMemberAccess,
  toResults,
} from './access.dto.ts';
import { AccessService } from './access.service.ts';

@Section('Access', 'Who may do what in an organization, and why.')
@Controller('organizations/:organization_id')
@Resource(AccessService)
export class AccessController {
  constructor(private readonly access: AccessService) {}

  @Get('access')
  @Access.member()
  @ApiOperation({
    summary: 'Read what you may do in an organization',
    description:
      'By it an application shows the buttons that work. What is permitted in the organization is so on each team that you see; what a ' +
      'team adds is told of those to which you belong, and holds on the teams beneath them, too.',
  })
  @ApiOkResponse({ type: AccessResponse })
  async find(): Promise<AccessResponse> {
    return toAccess(await this.access.find('me'));
  }

  @Post('access/check')
  @HttpCode(200)
  @Reading()
  @Access.member({ also: { 'roles:read': 'for another member' } })
  @ApiOperation({
    summary: 'Ask what you or other members may do, and why',
    description:
      'Results come in the order of the checks. Nothing is changed, and nothing is promised: each call is judged when it is made. Of ' +
      'others it is told what you can see, so that a private team which you do not see, and who ' +
      'belongs to one that you do not belong to, shows by no answer.',
  })
  @ApiOkResponse({ type: AccessChecksResponse })
  @Refuses('unknown_permission')
  async check(@Body() request: AccessChecksRequest): Promise<AccessChecksResponse> {
    return toResults(await this.access.check(toChecks(request)));
  }

  @Get('members/:member_id/access')
  @Access('roles:read')
  @ApiOperation({
    summary: 'Read what a member may do, and where it comes from',
    description: 'A suspended member may do nothing, and keeps their roles. Teams that you do not see are left out.',
  })
  @ApiOkResponse({ type: MemberAccessResponse })
  async findMember(@PathMember() id: string): Promise<MemberAccessResponse> {
    return toMemberAccess(await this.access.find(id));
  }
}
