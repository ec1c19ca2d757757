import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const REPOSITORY = join(import.meta.dirname, '../..');
const PACKAGE = 'tenantry-client';
const COMPILER = join(dirname(createRequire(import.meta.url).resolve('typescript-7/package.json')), 'bin/tsc');

const OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  types: [],
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  outDir: 'dist',
};

/** The typed client, made as `npm run client` makes it, and an application that has it installed. */
export class BuiltClient {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tenantry-client-'));

  constructor() {
    const source = join(this.#folder, 'source');
    mkdirSync(join(source, 'src'), { recursive: true });
    for (const path of ['src/client', 'tsconfig.json', 'openapi.json'])
      cpSync(join(REPOSITORY, path), join(source, path), { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(source, 'node_modules'), 'junction');
    run(join(REPOSITORY, '.config/client.mjs'), [join(this.packages, PACKAGE)], source);
    symlinkSync(join(REPOSITORY, 'node_modules/openapi-fetch'), join(this.packages, 'openapi-fetch'), 'junction');
  }

  /** Where the package and what it needs are installed. */
  get packages(): string {
    return join(this.#folder, 'application/node_modules');
  }

  /** What the package has to offer. */
  // oxlint-disable-next-line typescript/no-explicit-any -- it is built while the tests run, so there is no type of it before
  async import(): Promise<any> {
    return import(pathToFileURL(join(this.packages, PACKAGE, 'index.js')).href);
  }

  /**
   * Compiles an application of these files, under the strict rules of the compiler.
   * @returns what each of them exports, by the name of the file without its ending
   * @throws Error with what the compiler says
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  async application(files: Readonly<Record<string, string>>): Promise<Record<string, any>> {
    const home = join(this.#folder, 'application');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
    writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: Object.keys(files) }));
    run(COMPILER, ['-p', '.'], home);
    const names = Object.keys(files).map((name) => name.replace(/[.]ts$/, ''));
    const modules = names.map(async (name) => [name, await import(pathToFileURL(join(home, `dist/${name}.js`)).href)]);
    return Object.fromEntries(await Promise.all(modules));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** @throws Error with what the program has printed */
function run(program: string, args: readonly string[], cwd: string): void {
  try {
    execFileSync(process.execPath, [program, ...args], {
      cwd,
      stdio: 'pipe',
      env: { PATH: process.env['PATH'] },
    });
  } catch (error) {
    throw new Error(String(Reflect.get(Object(error), 'stdout')), { cause: error });
  }
}
