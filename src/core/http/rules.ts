import { isEmail, isRFC3339, isUUID } from 'class-validator';
import type { FaultCode } from './fault-codes.ts';

/** What is wrong with a value; `path` is a JSON pointer into it, empty for the value itself. */
export interface Fault {
  readonly path: string;
  readonly code: FaultCode;
  readonly detail: string;
}

/** What a value has to be: checked here, and told in the OpenAPI document by the schema. */
export interface Rule {
  readonly schema: Readonly<Record<string, unknown>>;
  faults(value: unknown): readonly Fault[];
  /** The one spelling of a value that has several; what is none of ours is left as it is. */
  readonly canonical?: (value: unknown) => unknown;
}

interface TextLimits {
  /** Characters (code points). A text with a minimum also has to hold something that is seen. */
  readonly min?: number;
  /** Unless given, more than anybody writes in a field, and less than a body may hold. */
  readonly max?: number;
  readonly pattern?: RegExp;
}

/** All but tab and line ends: none is of use in a text, and PostgreSQL can't keep NUL. */
// oxlint-disable-next-line no-control-regex
const SEVERAL_LINES = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/;

/**
 * No character of Unicode's class Cc, and none that turns around what stands beside it (UAX 9, 2), in a form that every validator of
 * JSON Schema reads.
 */
// oxlint-disable-next-line no-control-regex
const ONE_LINE = /^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/;

/** What shows nothing by itself: spaces, formats, fillers, and the empty Braille pattern. */
const UNSEEN = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;

const TEXT_MAXIMUM = 10_000;
const LIST_MAXIMUM = 1_000;

export const UUID_LENGTH = 36;

const INT32_MAXIMUM = 2 ** 31 - 1;

/** RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets. */
const EMAIL_MAXIMUM = 254;
const METADATA_MAXIMUM_BYTES = 4_096;

export function text({ min, max = TEXT_MAXIMUM, pattern }: TextLimits = {}): Rule {
  const schema = {
    type: 'string',
    ...(min !== undefined && { minLength: min }),
    maxLength: max,
    pattern: (pattern ?? SEVERAL_LINES).source,
  };
  return rule(schema, (value) => {
    if (typeof value !== 'string') return fault('type', 'must be a text');
    const length = Array.from(value).length;
    if (min !== undefined && (length < min || value.replace(UNSEEN, '') === ''))
      return fault('min_length', `must have at least ${count(min, 'character')}`);
    if (length > max) return fault('max_length', `must have at most ${count(max, 'character')}`);
    if (!SEVERAL_LINES.test(value)) return controlCharacters;
    if (pattern && !pattern.test(value)) return fault('pattern', `must match ${pattern.source}`);
    return undefined;
  });
}

/** A text such as a name, in which tabs and line ends are refused like every other control character, and what turns text around. */
export function line(limits: Omit<TextLimits, 'pattern'> = {}): Rule {
  const several = text(limits);
  return {
    schema: { ...several.schema, pattern: ONE_LINE.source },
    faults: (value) => {
      const faults = several.faults(value);
      return faults.length > 0 || ONE_LINE.test(String(value)) ? faults : [controlCharacters];
    },
  };
}

const controlCharacters = fault('characters', 'must not hold control characters');

export function emailAddress(): Rule {
  return rule({ type: 'string', format: 'email', maxLength: EMAIL_MAXIMUM }, (value) => {
    if (typeof value !== 'string') return fault('type', 'must be a text');
    // Angle brackets are fine in a quoted local part, and end an address in a mail's header.
    const isAddress = isEmail(value) && value.length <= EMAIL_MAXIMUM && !/[<>]/.test(value);
    return isAddress ? undefined : fault('email', 'must be an email address');
  });
}

export function identifier(): Rule {
  return idThat(isId);
}

/** An id of whatever version, for what is asked about and need not be there. */
export function uuid(): Rule {
  return idThat((value): value is string => isUUID(value, 'loose'));
}

function idThat(isWell: (value: unknown) => value is string): Rule {
  const written = rule({ type: 'string', format: 'uuid', maxLength: UUID_LENGTH }, (value) => {
    return isWell(value) ? undefined : fault('identifier', 'must be an id (UUID)');
  });
  return { ...written, canonical: (value) => (isWell(value) ? value.toLowerCase() : value) };
}

/** Ids are compared as texts, and are in lower case wherever they come from the database (RFC 9562, 4). */
export function lowerCaseId(value: unknown): unknown {
  return isId(value) ? value.toLowerCase() : value;
}

/** @returns whether it has the form of our ids, which are UUIDs of version 7 (RFC 9562) */
export function isId(value: unknown): value is string {
  return isUUID(value, 7);
}

export function timestamp(): Rule {
  return rule({ type: 'string', format: 'date-time', maxLength: LONGEST_TIMESTAMP }, (value) => {
    return isTime(value) ? undefined : fault('timestamp', 'must be a point in time such as 2026-11-20T11:22:33.456Z');
  });
}

/** Longer than any that a clock gives. */
const LONGEST_TIMESTAMP = 40;

/** PostgreSQL has no year 0, and no offset of 16 hours. */
const NO_TIME = /^0000|[+-](?:1[6-9]|2\d):\d\d$/;

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > LONGEST_TIMESTAMP || !isRFC3339(value) || NO_TIME.test(value))
    return false;
  const [day = ''] = value.split(/[ t]/i);
  const midnight = new Date(`${day}T00:00:00Z`);
  // JavaScript takes 30 February for 2 March.
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isDay && !Number.isNaN(Date.parse(value));
}

interface IntegerLimits {
  /** Unless given, as far as a number is exact. */
  readonly min?: number;
  readonly max?: number;
}

export function integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: IntegerLimits = {}): Rule {
  const format = min >= -INT32_MAXIMUM && max <= INT32_MAXIMUM ? 'int32' : 'int64';
  return rule({ type: 'integer', format, minimum: min, maximum: max }, (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return fault('type', 'must be a whole number');
    if (value < min) return fault('minimum', `must be at least ${min}`);
    if (value > max) return fault('maximum', `must be at most ${max}`);
    return undefined;
  });
}

export function choice(values: readonly string[]): Rule {
  return rule({ type: 'string', enum: [...values] }, (value) => {
    const isKnown = typeof value === 'string' && values.includes(value);
    return isKnown ? undefined : fault('choice', `must be one of ${values.join(', ')}`);
  });
}

export function flag(): Rule {
  return rule({ type: 'boolean' }, (value) => {
    return typeof value === 'boolean' ? undefined : fault('type', 'must be true or false');
  });
}

/** A JSON object of the client's own making, of so many bytes. */
export function metadata({ max = METADATA_MAXIMUM_BYTES }: { readonly max?: number } = {}): Rule {
  return rule({ type: 'object', additionalProperties: true }, (value) => {
    if (!isObject(value)) return fault('type', 'must be an object');
    const isSmall = Buffer.byteLength(JSON.stringify(value)) <= max;
    return isSmall ? undefined : fault('max_size', `must have at most ${max} bytes as JSON`);
  });
}

/** An object whose members have rules of their own. */
export function object(): Rule {
  return rule({ type: 'object' }, (value) => (isObject(value) ? undefined : fault('type', 'must be an object')));
}

export interface ListLimits {
  readonly min?: number;
  /** Unless given, more than anybody sends at once. */
  readonly max?: number;
  /** No item twice. */
  readonly unique?: boolean;
}

export function list(item: Rule, { min, max = LIST_MAXIMUM, unique }: ListLimits = {}): Rule {
  const schema = {
    type: 'array',
    items: item.schema,
    ...(min !== undefined && { minItems: min }),
    maxItems: max,
    ...(unique && { uniqueItems: true }),
  };
  const faults = (value: unknown): readonly Fault[] => {
    if (!Array.isArray(value)) return [fault('type', 'must be a list')];
    if (min !== undefined && value.length < min)
      return [fault('min_items', `must have at least ${count(min, 'item')}`)];
    if (value.length > max) return [fault('max_items', `must have at most ${count(max, 'item')}`)];
    if (unique && new Set(value).size < value.length) return [fault('unique', 'must not hold an item twice')];
    return value.flatMap((element, index) => {
      return item.faults(element).map((found) => ({ ...found, path: `/${index}${found.path}` }));
    });
  };
  const { canonical } = item;
  if (!canonical) return { schema, faults };
  return { schema, faults, canonical: (value) => (Array.isArray(value) ? value.map(canonical) : value) };
}

/** @returns the value in the one spelling that the rule knows */
export function canonicalIn({ canonical }: Rule, value: unknown): unknown {
  return canonical ? canonical(value) : value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rule(schema: Rule['schema'], check: (value: unknown) => Fault | undefined): Rule {
  return {
    schema,
    faults: (value) => {
      const found = check(value);
      return found ? [found] : [];
    },
  };
}

function fault(code: FaultCode, detail: string): Fault {
  return { path: '', code, detail };
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
