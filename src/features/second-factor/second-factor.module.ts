import { Module } from '@nestjs/common';
import { CryptoModule } from '../../core/crypto/index.ts';
import { UsersModule } from '../users/index.ts';
import { EnrollmentService } from './enrollment.service.ts';
import { SecondFactorController } from './second-factor.controller.ts';
import { SecondFactorRepository } from './second-factor.repository.ts';
import { SecondFactor } from './second-factor.service.ts';

@Module({
  imports: [CryptoModule, UsersModule],
  controllers: [SecondFactorController],
  providers: [SecondFactor, EnrollmentService, SecondFactorRepository],
  exports: [SecondFactor],
})
export class SecondFactorModule {}
