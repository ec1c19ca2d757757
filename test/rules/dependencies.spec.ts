import { readFileSync } from 'node:fs';

const LIMIT = 30;

const page = readFileSync('docs/dependencies.md', 'utf8');
const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The packages that a section of the page gives a reason for. */
function explained(title: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \| \S.* \|$/gm)].map(([, name]) => name!);
}

describe('docs/dependencies.md', () => {
  it('gives a reason for each production dependency, in order, and for nothing else', () => {
    expect(explained('Production')).toEqual(Object.keys(dependencies));
  });

  it('gives a reason for each optional dependency', () => {
    expect(explained('Optional')).toEqual(Object.keys(optionalDependencies));
  });

  it('links to pages that are there', () => {
    for (const [, path] of page.matchAll(/\]\(([^)]+)\)/g)) {
      expect(readFileSync(`docs/${path}`, 'utf8')).toMatch(/^# /);
    }
  });
});

it('stays below the limit of direct production dependencies', () => {
  expect(Object.keys(dependencies).length).toBeLessThanOrEqual(LIMIT);
});
