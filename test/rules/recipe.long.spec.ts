import { exec, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { TestDatabase } from '../support/database.ts';
import { isFullSize } from '../support/size.ts';
import { removeScratch, scratchFolder } from '../tooling/scratch.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const RECIPE = join(REPOSITORY, 'docs/recipes/new-resource.md');
const PAGE = 'docs/access-matrix.md';
const BLOCK = /^```(\w+)\n([\s\S]*?)^```$/gm;
const TIMEOUT_MS = 5 * 60_000;

interface Block {
  readonly language: string;
  readonly text: string;
}

interface Step {
  readonly path: string;
  readonly text: string;
  readonly isEdit: boolean;
}

const blocks: readonly Block[] = [...readFileSync(RECIPE, 'utf8').matchAll(BLOCK)].map(
  ([, language = '', text = '']) => ({ language, text }),
);
const steps = blocks.filter(({ language }) => language !== 'sh').map(stepOf);
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trimEnd().split('\n'))
  .filter((line) => line.startsWith('npm '));

/** The first line is a comment that names the file. */
function stepOf({ language, text }: Block): Step {
  const [, path, rest] = /^(?:\/\/|--) (\S+)\n([\s\S]*)$/.exec(text) ?? [];
  if (path === undefined || rest === undefined) throw new Error(`a block names no file: ${text}`);
  return { path, text: rest, isEdit: language === 'diff' };
}

/** What git knows, with the packages that are installed. */
function copyOfRepository(): string {
  const copy = scratchFolder();
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: REPOSITORY, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(join(REPOSITORY, name)))) {
    cpSync(join(REPOSITORY, file), join(copy, file));
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

function take({ path, text, isEdit }: Step, copy: string): void {
  const file = join(copy, path);
  if (existsSync(file) !== isEdit) throw new Error(`${path}: ${isEdit ? 'there is none to edit' : 'is there already'}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, isEdit ? edited(readFileSync(file, 'utf8'), text) : text);
}

/** Lines with `+` go beside the line that is there (with a blank before it), or in place of the text with `-`. */
function edited(content: string, edit: string): string {
  const lines = edit.trimEnd().split('\n');
  const known = lines.find((line) => !line.startsWith('+')) ?? '';
  const place = known.startsWith('-') ? known.slice(1) : lineLike(known, content);
  const places = content.split(place).length - 1;
  if (places !== 1) throw new Error(`the edit fits ${places} places: ${place}`);
  const text = lines.filter((line) => !line.startsWith('-')).map((line) => (line === known ? place : line.slice(1)));
  return content.replace(place, () => text.join('\n'));
}

/** @returns the line as it is there: a relation with a longer name than the others has moved the columns of a model */
function lineLike(wanted: string, content: string): string {
  const found = content.split('\n').find((line) => squeezed(line) === squeezed(wanted));
  if (found === undefined) throw new Error(`there is no such line: ${wanted}`);
  return found;
}

function squeezed(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

describe('docs/recipes/new-resource.md', () => {
  let copy: string;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
    copy = copyOfRepository();
    for (const step of steps) take(step, copy);
  }, TIMEOUT_MS);

  afterAll(async () => {
    removeScratch();
    await database.drop();
  });

  /** @throws with what the command said, where it fails */
  const run = async (command: string): Promise<void> => {
    const { PATH, HOME } = process.env;
    const env = {
      HOME,
      PATH: `${join(copy, 'node_modules/.bin')}${delimiter}${PATH}`,
      MIGRATION_DATABASE_URL: database.url(),
    };
    await promisify(exec)(command, { cwd: copy, env }).catch(({ stdout, stderr }) => {
      throw new Error(`${command} failed:\n${stdout}${stderr}`);
    });
  };

  it('is formatted as it stands', async () => {
    const written = steps.filter(({ path, isEdit }) => path.endsWith('.ts') && !isEdit).map(({ path }) => path);
    await run(`oxfmt -c .config/oxfmt.json --check ${written.join(' ')}`);
  });

  // In `npm test` the recipe is written down and compiled; at full size everything runs that the page says.
  it.each(isFullSize ? commands : ['prisma generate', 'npm run tsc'])(
    'succeeds: %s',
    (command) => run(command),
    TIMEOUT_MS,
  );

  if (isFullSize) {
    it('opens the five routes that it names, and no other', () => {
      const linesOf = (root: string) => readFileSync(join(root, PAGE), 'utf8').split('\n');
      const [before, after] = [linesOf(REPOSITORY), linesOf(copy)];
      const added = after.filter((line) => line !== '' && !before.includes(line));
      expect(added.map((line) => line.split(' | ').slice(0, 2).join(' | '))).toEqual([
        '## Bookmarks',
        '| `GET …/bookmarks` | `bookmarks:read`',
        '| `POST …/bookmarks` | `bookmarks:manage`',
        '| `DELETE …/bookmarks/{bookmark_id}` | `bookmarks:manage`',
        '| `GET …/bookmarks/{bookmark_id}` | `bookmarks:read`',
        '| `PATCH …/bookmarks/{bookmark_id}` | `bookmarks:manage`',
      ]);
      expect(before.filter((line) => !after.includes(line))).toEqual([]);
    });

    it('leaves the table in a database that was there before', async () => {
      expect(await database.query(`select to_regclass('bookmarks') is not null as found`)).toEqual([{ found: true }]);
    });
  }
});
