import { Module } from '@nestjs/common';
import { OrganizationsController } from './organizations.controller.ts';
import { OrganizationsRepository } from './organizations.repository.ts';
import { OrganizationsService } from './organizations.service.ts';

@Module({ controllers: [OrganizationsController], providers: [OrganizationsService, OrganizationsRepository] })
export class OrganizationsModule {}
