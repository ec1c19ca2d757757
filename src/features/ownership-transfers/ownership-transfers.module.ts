import { Module } from '@nestjs/common';
import { OffersService } from './offers.service.ts';
import { OwnershipTransfersController } from './ownership-transfers.controller.ts';
import { OwnershipTransfersRepository } from './ownership-transfers.repository.ts';
import { OwnershipTransfersService } from './ownership-transfers.service.ts';
import { TransfersInSightService } from './transfers-in-sight.service.ts';

@Module({
  controllers: [OwnershipTransfersController],
  providers: [OwnershipTransfersService, OffersService, TransfersInSightService, OwnershipTransfersRepository],
})
export class OwnershipTransfersModule {}
