import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FileLock } from './lock.ts';
import { PASSABLE } from './place.ts';

const PATIENCE_MS = 120_000;
// Beside what was built: whoever removes the one removes the other.
const STAMP = '.fingerprint';

interface Step {
  readonly says: string;
  readonly folder: string;
  readonly sources: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
}

// Paths are relative to the repository.
const CLIENT: Step = {
  says: 'Generating the Prisma client',
  folder: 'src/generated',
  sources: ['prisma/schema/*.prisma', '.config/prisma.ts'],
  program: 'prisma/build/index.js',
  args: ['generate'],
};
const SERVER: Step = {
  says: 'Compiling',
  folder: 'dist',
  sources: ['src/**/*.ts', 'src/tsconfig.json', 'tsconfig.json'],
  program: 'typescript-7/bin/tsc',
  args: ['-p', 'src'],
};

/** Builds what the server runs as, where it is missing or older than its sources. Throws where a step fails, after it has said why. */
export async function build(root: string): Promise<void> {
  await take([CLIENT, SERVER], root);
}

/** Builds the Prisma client alone: all that a test needs, which compiles what it loads. Throws as `build` does. */
export async function buildClient(root: string): Promise<void> {
  await take([CLIENT], root);
}

async function take(steps: readonly Step[], root: string): Promise<void> {
  mkdirSync(join(root, '.data'), { recursive: true, mode: PASSABLE });
  const building = await FileLock.exclusive(join(root, '.data/build.lock'), PATIENCE_MS);
  try {
    await takeEach(steps, root);
  } finally {
    building.release();
  }
}

async function takeEach(steps: readonly Step[], root: string): Promise<void> {
  for (const step of steps) {
    const fingerprint = fingerprintOf(root, step.sources);
    const stamp = join(root, step.folder, STAMP);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) continue;
    console.log(`${step.says} …`);
    await runStep(root, step);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, fingerprint);
  }
}

/** Changes when a source is changed, added or removed. */
function fingerprintOf(root: string, sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of globSync(sources, { cwd: root }).toSorted()) {
    const { mtimeMs, size } = statSync(join(root, path));
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

async function runStep(root: string, { program, args }: Step): Promise<void> {
  const [name = '', ...path] = program.split('/');
  const home = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  // Prisma asks its makers for news otherwise, and waits for the answer.
  const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
  const child = spawn(process.execPath, [join(home, ...path), ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const ended: unknown[] = await once(child, 'close');
  if (ended[0] === 0) return;
  process.stdout.write(Buffer.concat(output));
  throw new Error(`${[name, ...args].join(' ')} failed`);
}
