import type { Dice } from './dice.ts';
import { JsonList, JsonMembers, type JsonText } from './json-text.ts';

const quoted = (text: string): string => JSON.stringify(text);

/** Texts that have broken a parser, a database, a page or a log somewhere. None of them looks like a leak (`verdict.ts`). */
export const TEXTS: readonly string[] = [
  '',
  ' ',
  '\t',
  '\r\n',
  '\0',
  'a\0b',
  '\u0001\u001f\u007f',
  '\u0085\u2028\u2029',
  '\ufeffa',
  '\ufffe\uffff',
  'e\u0301',
  '\u202etxt.exe',
  'İı',
  'ß',
  '👩‍👩‍👧‍👦',
  '𝒳',
  'ﷺ',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙',
  "' or '1'='1",
  "'; drop table users; --",
  '$1',
  '%',
  '_%\\',
  '\\',
  '"',
  '{{7*7}}',
  '${7*7}',
  '%s%n',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '../../../../etc/passwd',
  'a\r\nSet-Cookie: a=b',
  'null',
  'undefined',
  'true',
  'NaN',
  '0',
  '-1',
  '1e309',
  '00000000-0000-0000-0000-000000000000',
  'me',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '-271821-04-20T00:00:00.000Z',
  'a@b',
  '"a b"@example.com',
  'a@xn--nxasmq6b.example',
  'javascript:alert(1)',
];

/** Names that reach an object's machinery where an object is taken for a table. */
export const NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  'then',
  'length',
  '__defineGetter__',
  '$where',
  '',
  '0',
  'a.b',
  'a[b]',
  'a/b~c',
];

const NUMBERS: readonly string[] = [
  '0',
  '-0',
  '-0.0',
  '1',
  '-1',
  '0.1',
  '1e2',
  '1E400',
  '-1e400',
  '1e-400',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  '9'.repeat(400),
  `0.${'3'.repeat(400)}`,
];

/** In JSON no value is written so; a parser that takes them takes too much. */
const NO_JSON: readonly string[] = [
  'NaN',
  'Infinity',
  'undefined',
  '01',
  '.5',
  '1.',
  '+1',
  '0x10',
  "'a'",
  '"\n"',
  '"\\x"',
  '"',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  '{"a"}',
  '//a\n1',
  '1 1',
  ']',
  '',
];

/** Escapes that are valid JSON, and no text that can be kept. */
const ESCAPES: readonly string[] = ['"\\u0000"', '"\\ud800"', '"\\udfff"', '"a\\ud83d"', '"\\udc00\\ud800"', '"\\/"'];

const DEPTHS = [30, 31, 32, 33, 40, 1000, 8000];
const WIDTHS = [101, 19_999, 20_000, 20_001];
const LENGTHS = [47, 48, 49, 200, 201, 254, 255, 1024, 1025, 4096, 70_000];

/** @returns a value of any type, at most now and then a large one */
export function hostileValue(dice: Dice): JsonText {
  if (dice.chance(0.02)) return dice.make([() => deep(dice), () => wide(dice)]);
  return dice.make<JsonText>([
    () => quoted(hostileText(dice)),
    () => quoted(hostileText(dice)),
    () => dice.pick(NUMBERS),
    () => dice.pick(['null', 'true', 'false']),
    () => dice.pick(ESCAPES),
    () => dice.pick(NO_JSON),
    () => new JsonList(dice.some(dice.below(3), () => plainValue(dice))),
    () => new JsonMembers(dice.some(dice.below(3), () => [hostileName(dice), plainValue(dice)])),
  ]);
}

function plainValue(dice: Dice): JsonText {
  return dice.make([() => quoted(hostileText(dice)), () => dice.pick(NUMBERS), () => 'null', () => '{}', () => '[[]]']);
}

/** @returns the name of a member as JSON has it, some of them written in escapes */
export function hostileName(dice: Dice): string {
  const name = dice.pick(NAMES);
  const isEscaped = name !== '' && dice.chance(0.2);
  return isEscaped ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"` : quoted(name);
}

export function hostileText(dice: Dice): string {
  if (dice.chance(0.1)) return dice.pick(['a', 'é', '𝒳', ' ']).repeat(dice.pick(LENGTHS));
  if (dice.chance(0.1)) return String.fromCodePoint(...dice.some(1 + dice.below(8), () => codePoint(dice)));
  return dice.chance(0.1) ? dice.pick(TEXTS) + dice.pick(TEXTS) : dice.pick(TEXTS);
}

function codePoint(dice: Dice): number {
  const point = dice.below(dice.pick([0x80, 0x800, 0x10000, 0x110000]));
  return point >= 0xd800 && point <= 0xdfff ? point - 0x800 : point;
}

function deep(dice: Dice): JsonText {
  const depth = dice.pick(DEPTHS);
  return dice.chance(0.5) ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** @returns about as many members as a document may have */
export function wide(dice: Dice): JsonText {
  const width = dice.pick(WIDTHS);
  return dice.chance(0.5)
    ? `[${Array.from({ length: width }, () => '0').join(',')}]`
    : `{${Array.from({ length: width }, (_, index) => `"m${index}":0`).join(',')}}`;
}
