import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, Scope } from '../database/index.ts';
import { Tasks } from '../jobs/index.ts';
import { KeptAnswers } from './kept-answers.ts';

declare module '../jobs/tasks.ts' {
  interface TaskPayloads {
    sweep_kept_answers: object;
  }
}

const EVERY_SECONDS = 600;
/** So few that a batch is done well within the time that a statement has. */
export const BATCH = 1_000;

/** Deletes kept answers when their day is over. */
@Injectable()
export class Sweep implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly keptAnswers: KeptAnswers,
  ) {}

  onModuleInit(): void {
    this.tasks.recur('sweep_kept_answers', EVERY_SECONDS, () => this.sweep());
  }

  async sweep(): Promise<void> {
    await this.database.inScope(Scope.public(), async () => {
      while ((await this.keptAnswers.sweep(BATCH)) === BATCH);
    });
  }
}
