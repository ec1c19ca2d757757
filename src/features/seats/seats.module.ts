import { Module } from '@nestjs/common';
import { SeatsRepository } from './seats.repository.ts';
import { Seats } from './seats.service.ts';

@Module({ providers: [Seats, SeatsRepository], exports: [Seats] })
export class SeatsModule {}
