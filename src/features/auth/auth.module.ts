import { Module } from '@nestjs/common';
import { CryptoModule } from '../../core/crypto/index.ts';
import { UsersModule } from '../users/index.ts';
import { AccessTokens } from './access-tokens.ts';
import { AuthController } from './auth.controller.ts';
import { AuthRepository } from './auth.repository.ts';
import { KeysController } from './keys.controller.ts';
import { LoginService } from './login.service.ts';
import { RegistrationService } from './registration.service.ts';
import { SessionsRepository } from './sessions.repository.ts';
import { SessionsService } from './sessions.service.ts';

@Module({
  imports: [CryptoModule, UsersModule],
  controllers: [AuthController, KeysController],
  providers: [RegistrationService, LoginService, SessionsService, AuthRepository, SessionsRepository, AccessTokens],
})
export class AuthModule {}
