import { Injectable } from '@nestjs/common';
import { Database, sql } from '../database/index.ts';
import { Payloads } from './payloads.ts';
import { type TaskName, type TaskPayloads, Tasks } from './tasks.ts';

/** The outbox: what has to happen outside of the database is written down with the change that asks for it. */
@Injectable()
export class Jobs {
  constructor(
    private readonly database: Database,
    private readonly tasks: Tasks,
    private readonly payloads: Payloads,
  ) {}

  /**
   * Adds a job that starts within milliseconds of the commit of the current transaction, or never if it rolls back.
   * It travels with the commit and costs no round trip of its own.
   * @param payload becomes JSON, and is kept sealed until the job is done
   * @throws Error outside of a transaction, or for a task that nobody handles
   */
  enqueue<Name extends TaskName>(task: Name, payload: TaskPayloads[Name]): void {
    if (!this.tasks.has(task)) throw new Error(`No handler is registered for the task "${task}".`);
    this.database.defer(sql`select app.enqueue(${task}, ${JSON.stringify(this.payloads.seal(task, payload))}::json)`);
  }
}
