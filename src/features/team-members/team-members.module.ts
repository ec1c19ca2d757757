import { Module } from '@nestjs/common';
import { SeatsModule } from '../seats/index.ts';
import { TeamMembersController } from './team-members.controller.ts';
import { TeamMembersRepository } from './team-members.repository.ts';
import { TeamMembersService } from './team-members.service.ts';

@Module({
  imports: [SeatsModule],
  controllers: [TeamMembersController],
  providers: [TeamMembersService, TeamMembersRepository],
})
export class TeamMembersModule {}
