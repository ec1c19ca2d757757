import { Module } from '@nestjs/common';
import { CryptoModule } from '../../core/crypto/index.ts';
import { UsersModule } from '../users/index.ts';
import { OutsideSignInRepository } from './outside-sign-in.repository.ts';
import { OutsideSignInService } from './outside-sign-in.service.ts';

@Module({
  imports: [CryptoModule, UsersModule],
  providers: [OutsideSignInService, OutsideSignInRepository],
})
export class OutsideSignInModule {}
