import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Maintenance } from '../../core/jobs/index.ts';
import { PurgeRepository } from './purge.repository.ts';

declare module '../../core/jobs/tasks.ts' {
  interface TaskPayloads {
    purge_teams: object;
  }
}

const EVERY_SECONDS = 3_600;

/** Deletes teams for good, 30 days after they were deleted (decision 0033). */
@Injectable()
export class TeamPurge implements OnModuleInit {
  constructor(
    private readonly maintenance: Maintenance,
    private readonly repository: PurgeRepository,
  ) {}

  onModuleInit(): void {
    this.maintenance.recur('purge_teams', EVERY_SECONDS, (limit) => this.repository.purge(limit));
  }
}
