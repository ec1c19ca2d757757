import { existsSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';

const SQLITE_BUSY = 5;
const RETRY_MS = 25;
const PRIVATE_FILE = 0o600;

/**
 * A lock between processes that the operating system lets go when its holder dies, however it dies: a lock on a file,
 * which Node can take only by way of SQLite.
 */
export class FileLock {
  readonly #database: DatabaseSync;

  private constructor(path: string) {
    // Made here and not by SQLite, so that no other user can open it and hold us up; once, because closing a file lets go
    // of every lock that the process has on it.
    if (!existsSync(path)) writeFileSync(path, '', { flag: 'a', mode: PRIVATE_FILE });
    this.#database = new DatabaseSync(path, { timeout: 0 });
  }

  /** Waits until it is the only holder. Throws after `patience` milliseconds. */
  static async exclusive(path: string, patience: number): Promise<FileLock> {
    const deadline = Date.now() + patience;
    for (;;) {
      const lock = FileLock.tryExclusive(path);
      if (lock !== undefined) return lock;
      if (Date.now() > deadline) throw new Error(`another process has held ${path} for ${patience} ms`);
      await pause(RETRY_MS);
    }
  }

  /** Undefined where somebody else holds it. */
  static tryExclusive(path: string): FileLock | undefined {
    const lock = new FileLock(path);
    try {
      lock.#database.exec('begin exclusive');
      return lock;
    } catch (error) {
      lock.release();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  /** Held together with others, against whoever wants it alone. */
  static shared(path: string): FileLock {
    const lock = new FileLock(path);
    lock.#database.exec('begin; select count(*) from sqlite_schema');
    return lock;
  }

  release(): void {
    this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
