import { Body, Controller, Delete, Get, HttpCode, Patch, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import {
  type Answer,
  IfMatch,
  Page,
  PageOf,
  PathId,
  PathMember,
  Precondition,
  Refuses,
  Resource,
  Section,
  versioned,
} from '../../core/http/index.ts';
import { MemberPatch, MemberResponse, MembersQuery, toChanges, toFilter, toMember } from './members.dto.ts';
import { MembersService } from './members.service.ts';
import { MembershipsService } from './memberships.service.ts';

@Section('Members', 'The people of an organization, and what they may do there.')
@Controller('organizations/:organization_id/members')
@Resource(MembersService)
export class MembersController {
  constructor(
    private readonly members: MembersService,
    private readonly memberships: MembershipsService,
  ) {}

  @Get()
  @Access('members:read')
  @ApiOperation({
    summary: 'List the members of an organization',
    description: 'By name unless `sort` says otherwise. Those who have left are listed where `status` asks for them.',
  })
  @PageOf(MemberResponse)
  async list(@Query() query: MembersQuery): Promise<Page<MemberResponse>> {
    return Page.of(query, await this.members.list(toFilter(query)), toMember);
  }

  @Get(':member_id')
  @Access('members:read')
  @ApiOperation({ summary: 'Read a member, also one who has left' })
  @ApiOkResponse({ type: MemberResponse })
  async find(@PathMember() id: string): Promise<Answer<MemberResponse>> {
    const member = await this.members.find(id);
    return versioned(member.version, toMember(member));
  }

  @Patch(':member_id')
  @Access('members:update')
  @Resource(MembershipsService)
  @ApiOperation({
    summary: 'Change the roles of a member, suspend or reactivate one',
    description:
      'Nobody gives more than they hold themselves, or changes somebody who holds more. One active owner stays.',
  })
  @ApiOkResponse({ type: MemberResponse })
  @Refuses('grant_exceeds_own', 'last_owner')
  async update(
    @PathMember() id: string,
    @Body() patch: MemberPatch,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<MemberResponse>> {
    const member = await this.memberships.update(id, toChanges(patch), precondition);
    return versioned(member.version, toMember(member));
  }

  @Delete('me')
  @HttpCode(204)
  @Access.member({ even: 'suspended' })
  @Resource(MembershipsService)
  @ApiOperation({
    summary: 'Leave an organization',
    description: 'Everybody may, also while they are suspended or the organization is, but its last active owner.',
  })
  @ApiNoContentResponse()
  @Refuses('last_owner')
  async leave(@IfMatch() precondition: Precondition): Promise<void> {
    await this.memberships.leave(precondition);
  }

  @Delete(':member_id')
  @HttpCode(204)
  @Access('members:remove')
  @Resource(MembershipsService)
  @ApiOperation({
    summary: 'Remove a member',
    description: 'They stay in the history of the organization. Who joins again has another id.',
  })
  @ApiNoContentResponse()
  @Refuses('grant_exceeds_own', 'last_owner')
  async remove(@PathId('member_id') id: string, @IfMatch() precondition: Precondition): Promise<void> {
    await this.memberships.remove(id, precondition);
  }
}
