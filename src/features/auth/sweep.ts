import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Maintenance } from '../../core/jobs/index.ts';
import { SweepRepository } from './sweep.repository.ts';

declare module '../../core/jobs/tasks.ts' {
  interface TaskPayloads {
    sweep_sign_ins: object;
  }
}

const EVERY_SECONDS = 600;

/** Deletes links, tokens, sessions, challenges, and counts of what was wrong, that are over and of no use any more (decision 0028). */
@Injectable()
export class SignInSweep implements OnModuleInit {
  constructor(
    private readonly maintenance: Maintenance,
    private readonly repository: SweepRepository,
  ) {}

  onModuleInit(): void {
    this.maintenance.recur('sweep_sign_ins', EVERY_SECONDS, ...this.repository.sweeps);
  }
}
