import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.ts';
import { SeatsModule } from '../seats/index.ts';
import { AcceptanceRepository } from './acceptance.repository.ts';
import { AcceptanceService } from './acceptance.service.ts';
import { InvitationLinks } from './invitation-links.ts';
import { InvitationTokensController } from './invitation-tokens.controller.ts';
import { InvitationsController } from './invitations.controller.ts';
import { InvitationsRepository } from './invitations.repository.ts';
import { InvitationsService } from './invitations.service.ts';
import { InvitingService } from './inviting.service.ts';
import { Joining } from './joining.service.ts';
import { OwnInvitationsController } from './own-invitations.controller.ts';

@Module({
  imports: [AuthModule, SeatsModule],
  controllers: [InvitationsController, InvitationTokensController, OwnInvitationsController],
  providers: [
    InvitationsService,
    InvitingService,
    InvitationLinks,
    InvitationsRepository,
    AcceptanceService,
    Joining,
    AcceptanceRepository,
  ],
})
export class InvitationsModule {}
