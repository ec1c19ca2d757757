import { Injectable } from '@nestjs/common';

/**
 * Every task there is, with the payload that it takes. Who owns a task adds it beside its handler:
 * `declare module '../jobs/tasks.ts' { interface TaskPayloads { send_mail: MailJob } }`.
 */
export interface TaskPayloads {}

/** Lower case and underscores: the database refuses any other form. */
export type TaskName = keyof TaskPayloads;

/** One attempt at a job. A handler may run more than once for the same job, so its effect has to bear a repeat. */
export interface Attempt {
  readonly jobId: string;
}

/** Returning means done; throwing means "later again", until the attempts are used up. */
export type TaskHandler<Name extends TaskName> = (payload: TaskPayloads[Name], attempt: Attempt) => Promise<void>;

/** A handler as the worker sees it: what it is given was checked when it was enqueued, by type. */
export type Handler = (payload: unknown, attempt: Attempt) => Promise<void>;

/** A task that is due again and again, at the full intervals of the database's clock. */
export interface Recurrence {
  readonly task: string;
  readonly everySeconds: number;
}

/** The closed list of what can be enqueued and how it is done. It is complete when every module has been initialised. */
@Injectable()
export class Tasks {
  readonly #handlers = new Map<string, Handler>();
  readonly #recurrences: Recurrence[] = [];

  /**
   * To be called in `onModuleInit`: the worker starts after it.
   * @throws Error for a name that is taken
   */
  register<Name extends TaskName>(name: Name, handler: TaskHandler<Name>): void {
    if (this.#handlers.has(name)) throw new Error(`Task "${name}" has two handlers.`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- enqueue() wrote the payload under this name
    this.#handlers.set(name, handler as Handler);
  }

  /**
   * As `register`, for what no request asks for: every interval it is done once, by one of the servers. It is never given up:
   * where it goes on failing, the next interval is its next attempt.
   * @throws Error for a name that is taken
   */
  recur<Name extends TaskName>(name: Name, everySeconds: number, handler: TaskHandler<Name>): void {
    this.register(name, handler);
    this.#recurrences.push({ task: name, everySeconds });
  }

  get recurrences(): readonly Recurrence[] {
    return this.#recurrences;
  }

  has(name: string): boolean {
    return this.#handlers.has(name);
  }

  entries(): Iterable<[string, Handler]> {
    return this.#handlers.entries();
  }
}
