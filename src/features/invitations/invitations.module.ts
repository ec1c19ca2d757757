import { Module } from '@nestjs/common';
import { SeatsModule } from '../seats/index.ts';
import { InvitationLinks } from './invitation-links.ts';
import { InvitationsController } from './invitations.controller.ts';
import { InvitationsRepository } from './invitations.repository.ts';
import { InvitationsService } from './invitations.service.ts';
import { InvitingService } from './inviting.service.ts';

@Module({
  imports: [SeatsModule],
  controllers: [InvitationsController],
  providers: [InvitationsService, InvitingService, InvitationLinks, InvitationsRepository],
})
export class InvitationsModule {}
