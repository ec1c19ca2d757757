import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, StepUp } from '../../core/access/index.ts';
import {
  type Answer,
  created,
  IfMatch,
  Page,
  PageOf,
  Precondition,
  Refuses,
  Resource,
  Section,
  versioned,
} from '../../core/http/index.ts';
import {
  organizationExamples,
  OrganizationPatch,
  OrganizationRequest,
  OrganizationResponse,
  OrganizationsQuery,
  OwnOrganizationResponse,
  toChanges,
  toDraft,
  toFilter,
  toOrganization,
  toOwnOrganization,
} from './organizations.dto.ts';
import { OrganizationsService } from './organizations.service.ts';

@Section('Organizations', 'Each is a tenant: what is inside it, its members alone can reach.')
@Controller('organizations')
@Resource(OrganizationsService)
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Post()
  @Access.signedIn()
  @ApiOperation({
    summary: 'Create an organization; you become its owner',
    description:
      'The slug is unique among all organizations; without one it is made from the name, with a suffix when taken.',
  })
  @ApiBody({ type: OrganizationRequest, examples: organizationExamples })
  @ApiCreatedResponse({ type: OrganizationResponse })
  @Refuses('already_exists')
  async create(@Body() request: OrganizationRequest): Promise<Answer<OrganizationResponse>> {
    const organization = await this.organizations.create(toDraft(request));
    return created(organization.id, toOrganization(organization), organization.version);
  }

  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'List the organizations that you are a member of',
    description: 'Each with your membership in it. By name unless `sort` says otherwise.',
  })
  @PageOf(OwnOrganizationResponse)
  async list(@Query() query: OrganizationsQuery): Promise<Page<OwnOrganizationResponse>> {
    return Page.of(query, await this.organizations.list(toFilter(query)), toOwnOrganization);
  }

  @Get(':organization_id')
  @Access('organization:read')
  @ApiOperation({
    summary: 'Read an organization, with its counts and your membership',
    description: 'One that you are not a member of is not found, as if it did not exist.',
  })
  @ApiOkResponse({ type: OrganizationResponse })
  async find(): Promise<Answer<OrganizationResponse>> {
    const organization = await this.organizations.find();
    return versioned(organization.version, toOrganization(organization));
  }

  @Patch(':organization_id')
  @Access('organization:update')
  @ApiOperation({
    summary: 'Change the name, slug or metadata of an organization',
    description: 'A merge patch (RFC 7396): what it does not name stays.',
  })
  @ApiOkResponse({ type: OrganizationResponse })
  @Refuses('already_exists')
  async update(
    @Body() patch: OrganizationPatch,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<OrganizationResponse>> {
    const organization = await this.organizations.update(toChanges(patch), precondition);
    return versioned(organization.version, toOrganization(organization));
  }

  @Delete(':organization_id')
  @HttpCode(204)
  @Access('organization:delete')
  @StepUp()
  @ApiOperation({
    summary: 'Delete an organization, with 30 days to have it back',
    description: 'Everything inside is not found from then on, for all of its members. Its slug stays taken meanwhile.',
  })
  @ApiNoContentResponse()
  async delete(@IfMatch() precondition: Precondition): Promise<void> {
    await this.organizations.delete(precondition);
  }

  @Post(':organization_id/restore')
  @HttpCode(200)
  @Access('organization:delete', { even: 'deleted' })
  @ApiOperation({
    summary: 'Have a deleted organization back',
    description:
      'Within 30 days: with its members, teams and settings, as they were. Its owners are powerful in it again, so it takes an owner.',
  })
  @ApiOkResponse({ type: OrganizationResponse })
  @Refuses('conflict', 'grant_exceeds_own')
  async restore(): Promise<Answer<OrganizationResponse>> {
    const organization = await this.organizations.restore();
    return versioned(organization.version, toOrganization(organization));
  }
}
