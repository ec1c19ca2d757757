import { parseJson } from '../../src/core/http/json.ts';
import { size } from '../support/size.ts';
import { Dice } from './dice.ts';
import { hostileName, hostileValue, wide } from './hostile.ts';
import { isTaken } from './json-reference.ts';
import { JsonList, JsonMembers, type JsonText, written } from './json-text.ts';

const documents = size(2_000, 100_000);
const seed = Number(process.env['FUZZ_SEED'] ?? size(1, Date.now() % 2 ** 32));

it(
  `takes of ${documents} documents those that a plain parser takes, and as the same values (FUZZ_SEED=${seed})`,
  () => {
    const outcomes = { taken: 0, refused: 0 };
    for (let number = 0; number < documents; number += 1) {
      const text = document(new Dice(seed, number));
      const expected = isTaken(text);
      outcomes[expected ? 'taken' : 'refused'] += 1;
      const found = parsed(text);
      // An expectation for each would take longer than all the rest.
      if (found !== (expected ? JSON.stringify(JSON.parse(text)) : undefined))
        expect({ number, text, found }).toBe(expected);
    }
    expect(outcomes.taken).toBeGreaterThan(documents / 10);
    expect(outcomes.refused).toBeGreaterThan(documents / 10);
  },
  size(60_000, 1_800_000),
);

function parsed(text: string): string | undefined {
  try {
    return JSON.stringify(parseJson(Buffer.from(text)));
  } catch {
    return undefined;
  }
}

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  '\\ud83d',
  '\\ude00',
  '"a"',
  '1',
  '-',
  '.',
  'e',
  ' ',
];

/** A small document, spoiled here and there. */
function document(dice: Dice): string {
  let text = written(dice.chance(0.005) ? wide(dice) : tree(dice, 3));
  while (dice.chance(0.3)) {
    const at = dice.below(text.length + 1);
    text = text.slice(0, at) + (dice.chance(0.7) ? dice.pick(PIECES) : '') + text.slice(at + dice.below(3));
  }
  // What no UTF-8 can say is for the decoder, and not for the grammar.
  return text.toWellFormed();
}

function tree(dice: Dice, depth: number): JsonText {
  if (depth === 0 || dice.chance(0.4))
    return dice.chance(0.3) ? hostileValue(dice) : dice.pick(['1', '"a"', 'null', '-0.5']);
  const count = dice.below(4);
  return dice.chance(0.5)
    ? new JsonList(dice.some(count, () => tree(dice, depth - 1)))
    : new JsonMembers(dice.some(count, (index) => [name(dice, index), tree(dice, depth - 1)]));
}

function name(dice: Dice, index: number): string {
  return dice.make([
    () => `"m${index}"`,
    () => `"m${index}" `,
    () => `"\\u006d${dice.below(2)}"`,
    () => hostileName(dice),
  ]);
}
