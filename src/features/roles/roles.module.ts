import { Module } from '@nestjs/common';
import { PermissionsController } from './permissions.controller.ts';
import { RolesController } from './roles.controller.ts';
import { RolesRepository } from './roles.repository.ts';
import { RolesService } from './roles.service.ts';

@Module({
  controllers: [PermissionsController, RolesController],
  providers: [RolesService, RolesRepository],
  exports: [RolesService],
})
export class RolesModule {}
