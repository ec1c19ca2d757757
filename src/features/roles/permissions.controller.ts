import { Controller, Get } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access, permissions } from '../../core/access/index.ts';
import { Page, Section, WholeListOf } from '../../core/http/index.ts';
import { PermissionResponse, ROLES, toPermission } from './permissions.dto.ts';

@Section(...ROLES)
@Controller('permissions')
export class PermissionsController {
  @Get()
  @Access.signedIn()
  @ApiOperation({ summary: 'List every permission there is', description: 'All of them, on one page.' })
  @WholeListOf(PermissionResponse)
  list(): Page<PermissionResponse> {
    return Page.whole(Object.entries(permissions).map(toPermission));
  }
}
