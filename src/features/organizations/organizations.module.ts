import { Module } from '@nestjs/common';
import { OrganizationsController } from './organizations.controller.ts';
import { OrganizationsRepository } from './organizations.repository.ts';
import { OrganizationsService } from './organizations.service.ts';
import { OrganizationPurge } from './purge.ts';
import { PurgeRepository } from './purge.repository.ts';

@Module({
  controllers: [OrganizationsController],
  providers: [OrganizationsService, OrganizationsRepository, OrganizationPurge, PurgeRepository],
})
export class OrganizationsModule {}
