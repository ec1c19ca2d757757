import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { Refuses, Section } from '../../core/http/index.ts';
import { Reading } from '../../core/idempotency/index.ts';
import { ROLES } from './permissions.dto.ts';
import { rolePreviewExamples, RolePreviewRequest, RolePreviewResponse, toPreview } from './role-previews.dto.ts';
import { RolePreviewsService } from './role-previews.service.ts';

@Section(...ROLES)
@Controller('organizations/:organization_id/roles/preview')
export class RolePreviewsController {
  constructor(private readonly previews: RolePreviewsService) {}

  @Post()
  @HttpCode(200)
  @Reading()
  @Access('roles:manage', { also: { 'roles:read': 'for a role that is there' } })
  @ApiOperation({
    summary: 'Ask who would gain or lose what by a change of a role',
    description: 'Nothing is changed. What you may not change yourself is told, and not refused.',
  })
  @ApiBody({ type: RolePreviewRequest, examples: rolePreviewExamples })
  @ApiOkResponse({ type: RolePreviewResponse })
  @Refuses('unknown_permission', 'conflict')
  async preview(@Body() { role_id: roleId, permissions }: RolePreviewRequest): Promise<RolePreviewResponse> {
    return toPreview(await this.previews.preview(roleId, permissions));
  }
}
