import { Module } from '@nestjs/common';
import { AccessController } from './access.controller.ts';
import { AccessRepository } from './access.repository.ts';
import { AccessService } from './access.service.ts';

@Module({ controllers: [AccessController], providers: [AccessService, AccessRepository] })
export class EffectiveAccessModule {}
