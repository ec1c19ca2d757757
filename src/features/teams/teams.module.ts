import { Module } from '@nestjs/common';
import { TeamPurge } from './purge.ts';
import { PurgeRepository } from './purge.repository.ts';
import { RestorationsService } from './restorations.service.ts';
import { TeamsController } from './teams.controller.ts';
import { TeamsRepository } from './teams.repository.ts';
import { TeamsService } from './teams.service.ts';

@Module({
  controllers: [TeamsController],
  providers: [TeamsService, RestorationsService, TeamsRepository, TeamPurge, PurgeRepository],
})
export class TeamsModule {}
