import { Injectable } from '@nestjs/common';
import { Database, Scope } from '../database/index.ts';
import { type TaskName, Tasks } from './tasks.ts';

/** Handles at most `limit` rows in its own transaction, through a gate function. @returns how many; 0: nothing is left to do */
export type Batch = (limit: number) => Promise<number>;

/** So few that a batch is done well within the time that a statement has. */
export const BATCH = 1_000;

/** Recurring clean-up. */
@Injectable()
export class Maintenance {
  readonly #batches = new Map<TaskName, readonly Batch[]>();

  constructor(
    private readonly tasks: Tasks,
    private readonly database: Database,
  ) {}

  /**
   * Has it done every interval, by one of the servers. To be called in `onModuleInit`.
   * @param batches of one kind each, done one kind after the other
   * @throws Error for a name that is taken
   */
  recur(task: TaskName, everySeconds: number, ...batches: readonly Batch[]): void {
    this.tasks.recur(task, everySeconds, () => this.run(task));
    this.#batches.set(task, batches);
  }

  /** Batch by batch: where it is interrupted, the next one goes on. */
  async run(task: TaskName, limit = BATCH): Promise<void> {
    await this.database.inScope(Scope.public(), async () => {
      for (const batch of this.#batches.get(task) ?? []) while ((await batch(limit)) > 0);
    });
  }
}
