import { Module } from '@nestjs/common';
import { PermissionsController } from './permissions.controller.ts';
import { RolePreviewsController } from './role-previews.controller.ts';
import { RolePreviewsRepository } from './role-previews.repository.ts';
import { RolePreviewsService } from './role-previews.service.ts';
import { RolesController } from './roles.controller.ts';
import { RolesRepository } from './roles.repository.ts';
import { RolesService } from './roles.service.ts';

@Module({
  controllers: [PermissionsController, RolesController, RolePreviewsController],
  providers: [RolesService, RolesRepository, RolePreviewsService, RolePreviewsRepository],
})
export class RolesModule {}
