import { Module } from '@nestjs/common';
import { RolesModule } from '../roles/index.ts';
import { RolePreviewsController } from './role-previews.controller.ts';
import { RolePreviewsRepository } from './role-previews.repository.ts';
import { RolePreviewsService } from './role-previews.service.ts';

@Module({
  imports: [RolesModule],
  controllers: [RolePreviewsController],
  providers: [RolePreviewsService, RolePreviewsRepository],
})
export class RolePreviewsModule {}
