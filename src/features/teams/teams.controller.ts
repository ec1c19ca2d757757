import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
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
import { RestorationsService } from './restorations.service.ts';
import {
  teamExamples,
  TeamPatch,
  TeamRequest,
  TeamResponse,
  TeamsQuery,
  toChanges,
  toDraft,
  toFilter,
  toTeam,
} from './teams.dto.ts';
import { TeamsService } from './teams.service.ts';

@Section('Teams', 'Groups within an organization, beneath each other up to five levels deep.')
@Controller('organizations/:organization_id/teams')
@Resource(TeamsService)
export class TeamsController {
  constructor(
    private readonly teams: TeamsService,
    private readonly restorations: RestorationsService,
  ) {}

  @Post()
  @Access('teams:create', { also: { 'teams:read_private': 'for a private team' } })
  @ApiOperation({
    summary: 'Create a team',
    description: 'A private one, or one beneath a private one, by whoever sees it then.',
  })
  @ApiBody({ type: TeamRequest, examples: teamExamples })
  @ApiCreatedResponse({ type: TeamResponse })
  @Refuses('already_exists')
  async create(@Body() request: TeamRequest): Promise<Answer<TeamResponse>> {
    const team = await this.teams.create(toDraft(request));
    return created(team.id, toTeam(team), team.version);
  }

  @Get()
  @Access('teams:read', { also: { 'teams:read_private': 'for private teams that you do not belong to' } })
  @ApiOperation({
    summary: 'List the teams of an organization',
    description: 'Those that you see: private ones are there for their members. By name unless `sort` says otherwise.',
  })
  @PageOf(TeamResponse)
  async list(@Query() query: TeamsQuery): Promise<Page<TeamResponse>> {
    return Page.of(query, await this.teams.list(toFilter(query)), toTeam);
  }

  @Get(':team_id')
  @Access('teams:read', { also: { 'teams:read_private': 'for a private team that you do not belong to' } })
  @ApiOperation({
    summary: 'Read a team',
    description: 'One that you may not see is not found, as if it did not exist.',
  })
  @ApiOkResponse({ type: TeamResponse })
  async find(@PathId('team_id') id: string): Promise<Answer<TeamResponse>> {
    const team = await this.teams.find(id);
    return versioned(team.version, toTeam(team));
  }

  @Patch(':team_id')
  @Access('teams:update', {
    also: {
      'teams:read_private': 'for a change after which you would not see the team otherwise',
      'team_members:manage': 'on each private team that it is moved beneath',
    },
  })
  @ApiOperation({
    summary: 'Change, move or hide a team',
    description:
      'What is beneath it goes with it. Nobody gives or takes more power over it by moving it than they hold, or loses sight of it. To move it beneath a private team takes `team_members:manage` there, since its members see that from then on.',
  })
  @ApiOkResponse({ type: TeamResponse })
  @Refuses('grant_exceeds_own', 'cycle', 'already_exists')
  async update(
    @PathId('team_id') id: string,
    @Body() patch: TeamPatch,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<TeamResponse>> {
    const team = await this.teams.update(id, toChanges(patch), precondition);
    return versioned(team.version, toTeam(team));
  }

  @Delete(':team_id')
  @HttpCode(204)
  @Access('teams:delete')
  @ApiOperation({
    summary: 'Delete a team, with 30 days to have it back',
    description:
      'What is beneath it moves up to its parent, and stays hidden where it was. Its slug stays taken meanwhile.',
  })
  @ApiNoContentResponse()
  @Refuses('grant_exceeds_own')
  async delete(@PathId('team_id') id: string, @IfMatch() precondition: Precondition): Promise<void> {
    await this.teams.delete(id, precondition);
  }

  @Post(':team_id/restore')
  @HttpCode(200)
  @Access('teams:delete', { even: 'deleted_team' })
  @Resource(RestorationsService)
  @ApiOperation({
    summary: 'Have a deleted team back',
    description: 'Within 30 days: with its members, beneath its parent, without the teams that were beneath it.',
  })
  @ApiOkResponse({ type: TeamResponse })
  @Refuses('conflict', 'grant_exceeds_own')
  async restore(@PathId('team_id') id: string): Promise<Answer<TeamResponse>> {
    const team = await this.restorations.restore(id);
    return versioned(team.version, toTeam(team));
  }
}
