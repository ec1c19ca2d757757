import { readFileSync } from 'node:fs';

const PAGE = 'docs/security/asvs.md';
/** How many requirements each section of these chapters has in ASVS 5.0.0. */
const SECTIONS: Readonly<Record<string, number>> = {
  'V6.1': 3,
  'V6.2': 12,
  'V6.3': 8,
  'V6.4': 6,
  'V6.5': 8,
  'V6.6': 4,
  'V6.7': 2,
  'V6.8': 4,
  'V7.1': 3,
  'V7.2': 4,
  'V7.3': 2,
  'V7.4': 5,
  'V7.5': 3,
  'V7.6': 2,
  'V9.1': 3,
  'V9.2': 4,
  'V11.1': 4,
  'V11.2': 5,
  'V11.3': 5,
  'V11.4': 4,
  'V11.5': 2,
  'V11.6': 2,
  'V11.7': 2,
};
const STATES = ['done', 'partly', 'not done', 'does not apply'];
const ROW = /^\| (V\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$/gm;
const TESTS = /`(test\/[^`]+)`: (“[^”]+”(?:, “[^”]+”)*)/g;
const LINK = /\]\([^)]+\)/;

interface Requirement {
  readonly id: string;
  readonly state: string;
  readonly evidence: string;
}

const page = readFileSync(PAGE, 'utf8');
const requirements = [...page.matchAll(ROW)].map(([, id = '', , state = '', , evidence = '']): Requirement => ({
  id,
  state,
  evidence: evidence.trim(),
}));
const named = requirements.flatMap(({ id, evidence }) =>
  [...evidence.matchAll(TESTS)].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => ({ id, file, name })),
  ),
);

describe('the map of ASVS', () => {
  it('has a line for each requirement of its chapters, in their order', () => {
    const ids = Object.entries(SECTIONS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
    );
    expect(requirements.map(({ id }) => id)).toEqual(ids);
  });

  it('knows four states, and shows by a test or a page what is done', () => {
    const odd = requirements.filter(({ state }) => !STATES.includes(state));
    const claims = requirements.filter(({ state }) => state === 'done' || state === 'partly');
    const bare = claims.filter(({ evidence }) => evidence.search(TESTS) < 0 && !LINK.test(evidence));
    expect([odd, bare]).toEqual([[], []]);
  });

  it('counts them', () => {
    for (const chapter of new Set(requirements.map(({ id }) => id.split('.')[0]!))) {
      const own = requirements.filter(({ id }) => id.startsWith(`${chapter}.`));
      const counts = STATES.map((state) => own.filter((requirement) => requirement.state === state).length);
      expect(page).toMatch(new RegExp(`^\\| ${chapter} [^|]+\\| ${counts.join(' \\| ')} \\|$`, 'm'));
    }
  });

  it('names tests', () => {
    expect(named.length).toBeGreaterThan(50);
  });

  it.each(named)('names one that is there: $id, $name of $file', ({ file, name }) => {
    const text = readFileSync(file, 'utf8');
    expect([`'${name}'`, `"${name}"`, `\`${name}\``].filter((title) => text.includes(title))).toHaveLength(1);
  });
});
