import { Module } from '@nestjs/common';
import { CryptoModule } from '../../core/crypto/index.ts';
import { SecurityEventsController } from './security-events.controller.ts';
import { SecurityEventsRepository } from './security-events.repository.ts';
import { SecurityEvents } from './security-events.ts';
import { UsersController } from './users.controller.ts';
import { UsersRepository } from './users.repository.ts';
import { UsersService } from './users.service.ts';

@Module({
  imports: [CryptoModule],
  controllers: [UsersController, SecurityEventsController],
  providers: [UsersService, UsersRepository, SecurityEvents, SecurityEventsRepository],
  exports: [UsersService, SecurityEvents],
})
export class UsersModule {}
