import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, systemRoleIds } from '../../core/access/index.ts';
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
import { ROLES } from './permissions.dto.ts';
import {
  RoleDeletion,
  RolePatch,
  RoleRequest,
  RoleResponse,
  RolesQuery,
  toChanges,
  toDraft,
  toFilter,
  toRole,
} from './roles.dto.ts';
import { RolesService } from './roles.service.ts';

@Section(...ROLES)
@Controller('organizations/:organization_id/roles')
@Resource(RolesService)
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Post()
  @Access('roles:manage')
  @ApiOperation({
    summary: 'Make a role',
    description: 'Nobody puts more into one than they hold in the organization.',
  })
  @ApiCreatedResponse({ type: RoleResponse })
  @Refuses('grant_exceeds_own', 'already_exists', 'unknown_permission')
  async create(@Body() request: RoleRequest): Promise<Answer<RoleResponse>> {
    const role = await this.roles.create(toDraft(request));
    return created(role.id, toRole(role), role.version);
  }

  @Get()
  @Access('roles:read')
  @ApiOperation({
    summary: 'List the roles of an organization',
    description: 'Those of the system as well. By name unless `sort` says otherwise.',
  })
  @PageOf(RoleResponse)
  async list(@Query() query: RolesQuery): Promise<Page<RoleResponse>> {
    return Page.of(query, await this.roles.list(toFilter(query)), toRole);
  }

  @Get(':role_id')
  @Access('roles:read')
  @ApiOperation({ summary: 'Read a role' })
  @ApiOkResponse({ type: RoleResponse })
  async find(@PathId('role_id', systemRoleIds.member) id: string): Promise<Answer<RoleResponse>> {
    const role = await this.roles.find(id);
    return versioned(role.version, toRole(role));
  }

  @Patch(':role_id')
  @Access('roles:manage', { also: { 'teams:read_private': 'for a team role' } })
  @ApiOperation({
    summary: 'Change a role, for all who hold it',
    description:
      'From their next request on. It takes what the role permits before and after, and whatever else those hold who hold it, on teams too; ' +
      'of a team role `teams:read_private`, since it may be held on private ones. ' +
      'Roles of the system stay as they are (`conflict`).',
  })
  @ApiOkResponse({ type: RoleResponse })
  @Refuses('grant_exceeds_own', 'unknown_permission', 'conflict')
  async update(
    @PathId('role_id') id: string,
    @Body() patch: RolePatch,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<RoleResponse>> {
    const role = await this.roles.update(id, toChanges(patch), precondition);
    return versioned(role.version, toRole(role));
  }

  @Delete(':role_id')
  @HttpCode(204)
  @Access('roles:manage', { also: { 'teams:read_private': 'to put another one in the place of a team role' } })
  @ApiOperation({
    summary: 'Delete a role',
    description:
      'One that somebody holds or is promised goes only with `reassign_to`, which takes what a change of it does; ' +
      'one that an owner is to keep stays while their offer of ownership waits. Roles of the system stay (`conflict`).',
  })
  @ApiNoContentResponse()
  @Refuses('grant_exceeds_own', 'role_in_use', 'conflict')
  async delete(
    @PathId('role_id') id: string,
    @Query() { reassign_to: reassignTo }: RoleDeletion,
    @IfMatch() precondition: Precondition,
  ): Promise<void> {
    await this.roles.delete(id, reassignTo, precondition);
  }
}
