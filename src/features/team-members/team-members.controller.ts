import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import {
  type Answer,
  created,
  IfMatch,
  Page,
  PageOf,
  PathId,
  Precondition,
  Refuses,
  Resource,
  Section,
  versioned,
} from '../../core/http/index.ts';
import {
  TeamMemberPatch,
  TeamMemberRequest,
  TeamMemberResponse,
  TeamMembersQuery,
  toDraft,
  toFilter,
  toTeamMember,
} from './team-members.dto.ts';
import { TeamMembersService } from './team-members.service.ts';

@Section('Team members', 'Who is in a team, and what they may do in it and beneath it.')
@Controller('organizations/:organization_id/teams/:team_id/members')
@Resource(TeamMembersService)
export class TeamMembersController {
  constructor(private readonly teamMembers: TeamMembersService) {}

  @Post()
  @Access('team_members:manage', {
    also: { 'teams:read_private': 'for a private team of which you only belong to what is beneath' },
  })
  @ApiOperation({
    summary: 'Add a member of the organization to a team',
    description: 'Nobody gives a role that permits more than they may do in that team themselves.',
  })
  @ApiCreatedResponse({ type: TeamMemberResponse })
  @Refuses('grant_exceeds_own', 'already_member', 'limit_reached')
  async add(
    @PathId('team_id') teamId: string,
    @Body() request: TeamMemberRequest,
  ): Promise<Answer<TeamMemberResponse>> {
    const teamMember = await this.teamMembers.add(teamId, toDraft(request));
    return created(teamMember.id, toTeamMember(teamMember), teamMember.version);
  }

  @Get()
  @Access('team_members:read')
  @ApiOperation({
    summary: 'List the members of a team',
    description:
      'By name unless `sort` says otherwise. Of a private one that you see only because you belong to a team beneath it, nobody.',
  })
  @PageOf(TeamMemberResponse)
  async list(@PathId('team_id') teamId: string, @Query() query: TeamMembersQuery): Promise<Page<TeamMemberResponse>> {
    return Page.of(query, await this.teamMembers.list(teamId, toFilter(query)), toTeamMember);
  }

  @Get(':team_member_id')
  @Access('team_members:read')
  @ApiOperation({ summary: 'Read a member of a team' })
  @ApiOkResponse({ type: TeamMemberResponse })
  async find(
    @PathId('team_id') teamId: string,
    @PathId('team_member_id') id: string,
  ): Promise<Answer<TeamMemberResponse>> {
    const teamMember = await this.teamMembers.find(teamId, id);
    return versioned(teamMember.version, toTeamMember(teamMember));
  }

  @Patch(':team_member_id')
  @Access('team_members:manage')
  @ApiOperation({
    summary: 'Give a member of a team another role',
    description:
      'Nobody gives more than they may do in that team themselves, or changes somebody who may do more in it.',
  })
  @ApiOkResponse({ type: TeamMemberResponse })
  @Refuses('grant_exceeds_own')
  async update(
    @PathId('team_id') teamId: string,
    @PathId('team_member_id') id: string,
    @Body() { role }: TeamMemberPatch,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<TeamMemberResponse>> {
    const teamMember = await this.teamMembers.update(teamId, id, role, precondition);
    return versioned(teamMember.version, toTeamMember(teamMember));
  }

  @Delete(':team_member_id')
  @HttpCode(204)
  @Access('team_members:manage')
  @ApiOperation({ summary: 'Take a member out of a team', description: 'They stay in the organization.' })
  @ApiNoContentResponse()
  @Refuses('grant_exceeds_own')
  async remove(
    @PathId('team_id') teamId: string,
    @PathId('team_member_id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.teamMembers.remove(teamId, id, precondition);
  }
}
