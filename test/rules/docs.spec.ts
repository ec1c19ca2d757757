import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// A recipe names what its reader is going to make; a test of its own follows it.
const PAGES = globSync([
  'README.md',
  'docs/*.md',
  'docs/decisions/*.md',
  'docs/security/*.md',
  'docs/operations/*.md',
]).toSorted();
const PATH = /(?<![\w@./:-])(?:(?:src|test|prisma|bench|docs|\.config)|(core|features))\/[\w./-]*\w/g;
const LINK = /\]\((?!https?:)([^)#]+)/g;

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names files that are there', () => {
    const named = [...text.matchAll(PATH)].map(([path, inSource]) => (inSource === undefined ? path : `src/${path}`));
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('links to files that are there', () => {
    const linked = [...text.matchAll(LINK)].map(([, path = '']) => join(dirname(page), path));
    expect(linked.filter((path) => !existsSync(path))).toEqual([]);
  });
});
