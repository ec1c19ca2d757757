import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [lint, imports, contract] = scripts.lint.split(' && ');
const [, unused] = /(knip [^&]+)/.exec(scripts.check)!;

const scratches: string[] = [];
afterAll(() => scratches.forEach((folder) => rmSync(folder, { recursive: true })));

type Files = Readonly<Record<string, string>>;

/** @returns a project under our own rules that has these files and nothing else; stubs stand for packages where named */
function project(files: Files, packages: readonly string[] = []): string {
  const scratch = mkdtempSync(join(tmpdir(), 'tenantry-gates-'));
  scratches.push(scratch);
  const folder = join(scratch, 'project');
  for (const name of ['.config', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  for (const name of ['src', 'prisma', 'test', 'bench']) mkdirSync(join(folder, name));
  const stubs = packages.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })] as const,
    [`node_modules/${name}/index.js`, ''] as const,
  ]);
  // Beside the project, for what looks for packages further up, and out of the way of what reads all files.
  if (stubs.length === 0) symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'), 'junction');
  for (const [path, content] of [...Object.entries(files), ...stubs]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** @returns what a command of package.json prints there, and whether it lets the project pass */
function run(command: string, folder: string): Promise<{ passes: boolean; output: string }> {
  const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  return new Promise((done) => {
    const options = {
      cwd: folder,
      timeout: 25_000,
      env: { ...process.env, PATH: path, NODE_OPTIONS: '' },
      shell: true,
    };
    execFile(command, [], options, (error, stdout, stderr) =>
      done({ passes: error === null, output: stdout + stderr }),
    );
  });
}

it('npm run check runs every gate', () => {
  for (const gate of [
    'prisma generate',
    'npm run format -- --check',
    'npm run lint',
    'npm run tsc',
    'knip',
    'npm run db:check',
  ]) {
    expect(scripts.check).toContain(gate);
  }
});

describe('lint', () => {
  const faults = {
    'src/core/floating.ts': ['async function work(): Promise<void> {}\nwork();', 'no-floating-promises'],
    'src/core/misused.ts': ['[1].forEach(async () => undefined);', 'no-misused-promises'],
    'src/core/any.ts': ['export const planted: any = 1;', 'no-explicit-any'],
    'src/core/unchecked.ts': [`export const planted: number = JSON.parse('1');`, 'no-unsafe-assignment'],
    'src/core/trusted.ts': ['export const planted = [1].at(0)!;', 'no-non-null-assertion'],
    'src/core/unused.ts': ['const planted = 1;', 'no-unused-vars'],
    'src/core/merged.ts': ['export const planted = (model: any) => model.findUnique({});', 'no-restricted-properties'],
    'src/core/raw.ts': [
      'export const planted = (model: any) => model.$queryRawUnsafe(``);',
      'no-restricted-properties',
    ],
    'src/core/loud.ts': [`console.log('planted');`, 'no-console'],
    'src/features/teams/environment.ts': [`export const planted = process.env['PLANTED'];`, 'no-process-env'],
    'test/focused.spec.ts': ['async function work(): Promise<void> {}\nwork();', 'no-floating-promises'],
  };
  const fine = {
    'src/config/environment.ts': `export const planted = process.env['PLANTED'];`,
    'prisma/tool.ts': `console.log(process.env['PLANTED']);`,
    'test/trusting.spec.ts': 'export const planted = [1].at(0)!;',
  };
  let output: string;

  beforeAll(async () => {
    const planted = Object.entries(faults).map(([path, [content]]) => [path, content]);
    ({ output } = await run(`${lint} -f unix`, project({ ...Object.fromEntries(planted), ...fine })));
  });

  it.each(Object.entries(faults))('catches the fault of %s', (path, [, rule]) => {
    expect(output).toMatch(new RegExp(`^${path}:.*${rule}`, 'm'));
  });

  it.each(Object.keys(fine))('leaves %s alone', (path) => {
    expect(output).not.toContain(path);
  });

  it('lets a sound project pass', async () => {
    expect(await run(lint, project(fine))).toMatchObject({ passes: true });
  });
});

describe('import rules', () => {
  const sound = {
    'src/core/index.ts': 'export const core = 1;',
    'src/generated/prisma/client.ts': 'export const client = 1;',
    'src/features/teams/index.ts': `export { service } from './teams.service.ts';`,
    'src/features/teams/teams.service.ts': `export { core as service } from '../../core/index.ts';`,
    'src/features/teams/teams.repository.ts': `import '../../generated/prisma/client.ts';\nimport '@prisma/client';`,
    'src/features/settings/index.ts': `import '../teams/index.ts';`,
    'src/core/database/pool.ts': `import 'pg';\nimport '@prisma/client';`,
    'test/support/help.ts': `import '../../src/core/index.ts';`,
    // Types may point at each other.
    'src/core/ring-a.ts': `import type { B } from './ring-b.ts';\nexport type A = B[];`,
    'src/core/ring-b.ts': `import type { A } from './ring-a.ts';\nexport type B = A[];`,
  };
  const faults = [
    ['core-knows-no-feature', 'src/core/planted.ts', '../features/teams/index.ts'],
    ['config-stands-alone', 'src/config/planted.ts', '../core/index.ts'],
    ['the-client-stands-alone', 'src/client/planted.ts', '../core/index.ts'],
    ['the-client-stands-alone', 'src/client/planted-node.ts', 'node:fs'],
    ['nobody-knows-the-client', 'src/core/planted-browser.ts', '../client/index.ts'],
    ['a-feature-enters-another-by-its-index', 'src/features/settings/planted.ts', '../teams/teams.service.ts'],
    ['core-is-entered-by-its-indexes', 'src/features/teams/planted-core.ts', '../../core/database/pool.ts'],
    ['a-feature-knows-core-and-features', 'src/features/members/planted-module.ts', '../../main.ts'],
    [
      'members-ownership-transfers-preferences-roles-know-nothing-above',
      'src/features/members/planted.ts',
      '../teams/index.ts',
    ],
    ['prisma-is-for-repositories', 'src/features/teams/planted.service.ts', '@prisma/client'],
    ['prisma-is-for-repositories', 'src/core/planted-client.ts', '../generated/prisma/client.ts'],
    ['pg-is-for-the-tenant-pool-and-the-worker', 'src/features/teams/planted.repository.ts', 'pg'],
    ['a-controller-knows-no-repository', 'src/features/teams/teams.controller.ts', './teams.repository.ts'],
    ['the-wire-stays-outside', 'src/features/teams/planted-wire.service.ts', './teams.dto.ts'],
    ['a-repository-stays-in-its-feature', 'src/features/roles/index.ts', './roles.repository.ts'],
    ['src-knows-no-test-and-no-tool', 'src/core/planted-test.ts', '../../test/support/help.ts'],
    ['production-code-needs-production-packages', 'src/core/planted-tool.ts', 'jest'],
    ['only-packages-that-are-declared', 'src/core/planted-package.ts', 'undeclared'],
    ['resolvable', 'src/core/planted-path.ts', './nowhere.ts'],
    ['no-cycles', 'src/core/cycle-a.ts', './cycle-b.ts'],
  ] as const;
  const packages = ['pg', '@prisma/client', 'jest', 'undeclared'];
  let output: string;

  beforeAll(async () => {
    const planted = Object.fromEntries(faults.map(([, path, to]) => [path, `import '${to}';`]));
    const others = {
      'src/main.ts': '',
      'src/client/index.ts': '',
      'src/features/roles/roles.repository.ts': '',
      'src/features/teams/teams.dto.ts': '',
      'src/core/cycle-b.ts': `import './cycle-a.ts';`,
    };
    ({ output } = await run(imports, project({ ...sound, ...planted, ...others }, packages)));
  });

  it.each(faults)('%s catches %s', (rule, path) => {
    expect(output).toMatch(new RegExp(`error ${rule}: ${path} `));
  });

  it('let a sound project pass', async () => {
    expect(await run(imports, project(sound, packages))).toMatchObject({ passes: true });
  });
});

describe('the other gates', () => {
  it('types: strict, and of what may be missing too', async () => {
    const { passes, output } = await run(
      scripts.tsc!.replace('node_modules', '../node_modules'),
      project({
        'src/wrong.ts': `export const planted: string = 1;`,
        'src/missing.ts': `export const planted: string = ['a'][0];`,
        'test/wrong.spec.ts': `export const planted: { a?: string } = { a: undefined };`,
      }),
    );
    expect(passes).toBe(false);
    for (const file of ['src/wrong.ts', 'src/missing.ts', 'test/wrong.spec.ts']) expect(output).toContain(`${file}(1,`);
  });

  it('format', async () => {
    const { passes, output } = await run(
      scripts.format + ' --check',
      project({ 'src/wild.ts': `export const planted = "1"\n`, 'src/tidy.ts': `export const planted = '1';\n` }),
    );
    expect(passes).toBe(false);
    expect(output).toContain('src/wild.ts');
    expect(output).not.toContain('src/tidy.ts');
  });

  it('the OpenAPI document, by Spectral, OWASP and Redocly', async () => {
    const document = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8'));
    const path = '/api/v1/me';
    const operation = document.paths[path].get;
    delete operation.description;
    delete operation.responses['401'];
    delete operation.responses['200'].headers.RateLimit;
    operation.parameters.push({ name: 'q', in: 'query', schema: { type: 'string' } });

    const planted = { ...document, paths: { [path]: document.paths[path] } };
    const { passes, output } = await run(contract, project({ 'openapi.json': JSON.stringify(planted) }));

    expect(passes).toBe(false);
    for (const rule of [
      'responses-401',
      'rate-limit',
      'string-limit',
      'operation-description',
      'parameter-description',
    ]) {
      expect(output).toMatch(new RegExp(`^openapi.json: .*${rule} at .*/me/?`, 'm'));
    }
  });

  it('unused files, exports and packages', async () => {
    const { passes, output } = await run(
      unused!,
      project({
        'src/main.ts': `import { used } from './half.ts';\nexport default used;\n`,
        'src/half.ts': 'export const used = 1;\nexport const planted = 2;\n',
        'src/planted.ts': '',
      }),
    );
    expect(passes).toBe(false);
    expect(output).toMatch(/Unused files[^]*src\/planted\.ts/);
    expect(output).toMatch(/Unused exports[^]*planted +src\/half\.ts/);
    expect(output).toMatch(/Unused dependencies[^]*rxjs/);
  });
});
