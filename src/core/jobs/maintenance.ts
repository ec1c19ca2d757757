import { Injectable } from '@nestjs/common';
import { Database, Scope } from '../database/index.ts';
import { type TaskName, Tasks } from './tasks.ts';

/** Does so much at most, in a transaction of its own, by what answers in any scope. @returns how much; 0: nothing is left to do */
export type Batch = (limit: number) => Promise<number>;

/** So few that a batch is done well within the time that a statement has. */
export const BATCH = 1_000;

/** What no request asks for and is never done once and for all, such as deleting what is over. */
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
