import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Maintenance } from '../jobs/index.ts';
import { KeptAnswers } from './kept-answers.ts';

declare module '../jobs/tasks.ts' {
  interface TaskPayloads {
    sweep_kept_answers: object;
  }
}

const EVERY_SECONDS = 600;

/** Deletes kept answers when their day is over. */
@Injectable()
export class Sweep implements OnModuleInit {
  constructor(
    private readonly maintenance: Maintenance,
    private readonly keptAnswers: KeptAnswers,
  ) {}

  onModuleInit(): void {
    this.maintenance.recur('sweep_kept_answers', EVERY_SECONDS, (limit) => this.keptAnswers.sweep(limit));
  }
}
