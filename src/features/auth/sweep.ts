import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, Scope } from '../../core/database/index.ts';
import { Tasks } from '../../core/jobs/index.ts';
import { SweepRepository } from './sweep.repository.ts';

declare module '../../core/jobs/tasks.ts' {
  interface TaskPayloads {
    sweep_sign_ins: object;
  }
}

const EVERY_SECONDS = 600;
/** So few that a batch is done well within the time that a statement has. */
export const BATCH = 1_000;

/** Deletes links, tokens, sessions, challenges, and counts of what was wrong, that are over and of no use any more (decision 0028). */
@Injectable()
export class SignInSweep implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly repository: SweepRepository,
  ) {}

  onModuleInit(): void {
    this.tasks.recur('sweep_sign_ins', EVERY_SECONDS, () => this.sweep());
  }

  /** Where it is interrupted, the next one goes on. */
  async sweep(): Promise<void> {
    await this.database.inScope(Scope.public(), () => this.repository.sweep(BATCH));
  }
}
