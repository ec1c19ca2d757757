import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.ts';
import { SeatsModule } from '../seats/index.ts';
import { AcceptanceRepository } from './acceptance.repository.ts';
import { AcceptanceService } from './acceptance.service.ts';
import { InvitationTokensController } from './invitation-tokens.controller.ts';
import { Joining } from './joining.service.ts';
import { OwnInvitationsController } from './own-invitations.controller.ts';

@Module({
  imports: [AuthModule, SeatsModule],
  controllers: [InvitationTokensController, OwnInvitationsController],
  providers: [AcceptanceService, Joining, AcceptanceRepository],
})
export class AcceptanceModule {}
