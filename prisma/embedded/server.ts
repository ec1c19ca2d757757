import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

const GRACE_MS = 15_000;
const READY_MS = 60_000;
const RETRY_MS = 25;

/** The API server as a process of its own, as it runs in production too. */
export class Server {
  /** The exit code, once it has ended. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(root: string, environment: NodeJS.ProcessEnv) {
    const tether = import.meta.resolve('./tether.ts');
    this.#child = spawn(process.execPath, ['--enable-source-maps', `--import=${tether}`, 'dist/main.js'], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Out of the terminal's reach: Ctrl-C is for the launcher, which stops the server and then the database.
      detached: process.platform !== 'win32',
    });
    this.ended = once(this.#child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : 1));
  }

  /** Waits until it answers at `url`. Returns false where it ended instead; throws after a minute. */
  async ready(url: string): Promise<boolean> {
    const deadline = Date.now() + READY_MS;
    while (this.#child.exitCode === null && this.#child.signalCode === null) {
      if (await answers(url)) return true;
      if (Date.now() > deadline) throw new Error(`the server did not answer at ${url} within ${READY_MS / 1000} s`);
      await pause(RETRY_MS);
    }
    return false;
  }

  /** Asks it to finish what it is at; after 15 s it is ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(patience);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
