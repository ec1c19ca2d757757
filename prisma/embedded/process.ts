import { spawn } from 'node:child_process';
import type { Account } from './account.ts';

/**
 * Runs a program of PostgreSQL as the account, in a folder that it may enter, and waits for its end.
 * @throws with what it wrote to its error output, where it fails
 */
export async function run(program: string, args: readonly string[], cwd: string, account?: Account): Promise<void> {
  // Messages in English, paths untranslated, and nothing of ours (PGPORT, PGDATA) to lead it astray.
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', SystemRoot: process.env['SystemRoot'] };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], ...account });
  const message: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => message.push(text));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  // Not "close": a server that the program leaves running may keep the pipe open.
  child.once('error', reject).once('exit', resolve);
  const code = await promise;
  child.stderr.destroy();
  if (code !== 0) throw new Error(`${program} failed (${code}): ${message.join('').trim()}`);
}
