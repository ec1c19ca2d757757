import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, Scope } from '../../core/database/index.ts';
import { Tasks } from '../../core/jobs/index.ts';
import { PurgeRepository } from './purge.repository.ts';

declare module '../../core/jobs/tasks.ts' {
  interface TaskPayloads {
    purge_teams: object;
  }
}

const EVERY_SECONDS = 3_600;
/** So few that a batch is done well within the time that a statement has. */
const BATCH = 1_000;

/** Deletes teams for good, 30 days after they were deleted (decision 0033). */
@Injectable()
export class TeamPurge implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
    private readonly repository: PurgeRepository,
  ) {}

  onModuleInit(): void {
    this.tasks.recur('purge_teams', EVERY_SECONDS, () => this.purge());
  }

  /** In batches that are each a transaction of its own: where it is interrupted, the next one goes on. */
  async purge(batch = BATCH): Promise<void> {
    await this.database.inScope(Scope.public(), async () => {
      while ((await this.repository.purge(batch)) > 0);
    });
  }
}
