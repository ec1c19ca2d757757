import { v7 } from 'uuid';
import type { Dice } from './dice.ts';
import type { Operations, Schema } from './operations.ts';

/** Values that belong to a name, such as the caller's own address for `email`. */
export type Familiar = Readonly<Record<string, readonly string[]>>;

/** Tried against a pattern, since a text can't be made from any. */
const CANDIDATES = ['Ada', 'https://example.com/a.png', '+4930123456', 'en', 'Europe/Berlin', 'a:b', '123456'];

const LONGEST_LIST = 3;
const FAMILIAR = 0.8;

/** Makes values that an operation takes, at the edges of what it takes, or just beyond. */
export class Samples {
  constructor(
    private readonly operations: Operations,
    private readonly familiar: Familiar,
  ) {}

  /** @param name of the member or parameter */
  of(given: Schema, dice: Dice, name = ''): unknown {
    const schema = this.operations.resolved(given);
    const alternatives = schema.oneOf ?? schema.anyOf;
    if (alternatives) return this.of(dice.pick(alternatives), dice, name);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return dice.pick(schema.enum);
    const known = schema.type === 'array' ? undefined : this.familiar[name];
    if (known && dice.chance(FAMILIAR)) return dice.pick(known);
    return this.#byType(schema, dice, name);
  }

  #byType(schema: Schema, dice: Dice, name: string): unknown {
    const type = typeof schema.type === 'object' ? dice.pick(schema.type) : schema.type;
    switch (type ?? 'object') {
      case 'string':
        return text(schema, dice);
      case 'integer':
      case 'number':
        return number(schema, dice);
      case 'boolean':
        return dice.chance(0.5);
      case 'null':
        return null;
      case 'array':
        return this.#list(schema, dice, name);
      default:
        return this.#object(schema, dice);
    }
  }

  #list(schema: Schema, dice: Dice, name: string): unknown {
    const items = dice.some(length(schema, dice), () => this.of(schema.items ?? {}, dice, name));
    return schema.uniqueItems ? [...new Set(items)] : items;
  }

  #object({ properties = {}, required = [] }: Schema, dice: Dice): unknown {
    const members = Object.entries(properties).filter(([name]) => required.includes(name) || dice.chance(0.5));
    if (Object.keys(properties).length === 0) return { [dice.text(3)]: dice.pick([1, null, 'é', [{}], { a: true }]) };
    return Object.fromEntries(members.map(([name, schema]) => [name, this.of(schema, dice, name)]));
  }
}

function text({ format, pattern, minLength = 0, maxLength, example, examples = [] }: Schema, dice: Dice): string {
  if (format === 'uuid') return v7();
  if (format === 'date-time') return new Date(dice.below(2 ** 32) * 1000).toISOString();
  if (format === 'email') return `${dice.text(10)}@example.com`;
  const lengths = [minLength, minLength + 1, minLength + 10, maxLength, maxLength].flatMap((given) => given ?? []);
  // One in some is a character too short or too long.
  const wanted = Math.max(0, dice.pick(lengths) + (dice.chance(0.05) ? dice.pick([-1, 1]) : 0));
  const candidates = [dice.text(wanted), dice.text(wanted), dice.text(12), ...CANDIDATES, example, ...examples];
  const matching = candidates.filter((candidate): candidate is string => {
    return typeof candidate === 'string' && (pattern === undefined || new RegExp(pattern, 'u').test(candidate));
  });
  return matching[0] ?? dice.text(wanted);
}

function number({ minimum = -5, maximum = 2 ** 31 }: Schema, dice: Dice): number {
  return dice.pick([minimum, minimum, minimum + 1, minimum + 20, maximum, maximum + 1, minimum - 1]);
}

function length({ minItems = 0, maxItems = LONGEST_LIST }: Schema, dice: Dice): number {
  return minItems + dice.below(Math.min(maxItems, LONGEST_LIST) - minItems + 1);
}
