import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access, permissions } from '../../core/access/index.ts';
import { Page, PageOf, Section, selectionOf } from '../../core/http/index.ts';
import { sliceOf } from '../../core/lists/index.ts';
import { PermissionResponse, PermissionsQuery, ROLES, toPermission } from './permissions.dto.ts';

@Section(...ROLES)
@Controller('permissions')
export class PermissionsController {
  @Get()
  @Access.signedIn()
  @ApiOperation({
    summary: 'List every permission there is',
    description: 'All of them, unless `page_size` says otherwise.',
  })
  @PageOf(PermissionResponse)
  list(@Query() query: PermissionsQuery): Page<PermissionResponse> {
    return Page.of(query, sliceOf(Object.entries(permissions), selectionOf(query)), toPermission);
  }
}
