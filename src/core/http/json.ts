import { Problem } from './problem.ts';

/** Far above what a request class can hold, far below what recursive code can bear. */
const MAXIMUM_DEPTH = 32;

/** Of objects and lists, all over the document: what is small on the wire and large in memory. */
const MAXIMUM_MEMBERS = 20_000;

/** It reaches an object's prototype when an object is copied member by member. */
const POISON = '__proto__';

/** The tokens of a valid document but for its punctuation: strings, with the colon that makes one a name, brackets, numbers, words. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[[\]{}]|-?\d[\d.eE+-]*|true|false|null/g;

const CLOSING = new Set([']', '}']);
const WORDS = new Set(['true', 'false', 'null']);

/** Of a number, anything but zeros before its exponent. */
const NOT_ZERO = /^[^eE]*[1-9]/;

/** Below it a number of a few characters is kept by the database in hundreds: jsonb writes every zero out. */
const SMALLEST = 1e-38;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a body (RFC 8259) and refuses what parsers disagree about or the database can't keep: duplicate names, more than
 * 32 levels or 20,000 members, NUL and lone surrogates, a name that reaches a prototype, numbers that would come back as others (RFC 7493, 2.2) or
 * take far more room than they were sent in.
 * Linear in its length.
 * @throws Problem malformed_json
 */
export function parseJson(body: Buffer): unknown {
  const { text, value } = decoded(body);
  inspect(text);
  return value;
}

function decoded(body: Buffer): { text: string; value: unknown } {
  try {
    const text = decoder.decode(body);
    return { text, value: JSON.parse(text) };
  } catch {
    throw new Problem('malformed_json'); // The parser's own message quotes the body.
  }
}

/** Looks at a document that is known to be valid, token by token, without recursion. */
function inspect(text: string): void {
  const open: Set<string>[] = [];
  // Each value is a member of what it stands in, but for the document itself.
  let members = -1;
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (colon === undefined && !CLOSING.has(token)) members += 1;
    if (members > MAXIMUM_MEMBERS) refuse(`It has more than ${MAXIMUM_MEMBERS} members.`);
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAXIMUM_DEPTH) refuse(`It is nested deeper than ${MAXIMUM_DEPTH} levels.`);
    } else if (CLOSING.has(token)) {
      open.pop();
    } else if (token.startsWith('"')) {
      inspectString(token, colon, open.at(-1));
    } else if (!WORDS.has(token)) {
      inspectNumber(token);
    }
  }
}

function inspectString(token: string, colon: string | undefined, names: Set<string> | undefined): void {
  const quoted = colon === undefined ? token : token.slice(0, -colon.length);
  const string = unescaped(quoted);
  if (colon === undefined || names === undefined) return;
  if (string === POISON) refuse('A member has a name that is not allowed.');
  if (names.has(string)) refuse('An object holds the same member twice.');
  names.add(string);
}

function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  const string = String(JSON.parse(quoted));
  if (string.includes('\0') || !string.isWellFormed()) refuse('A string holds NUL or half of a surrogate pair.');
  return string;
}

function inspectNumber(token: string): void {
  const number = Number(token);
  if (number === 0 ? NOT_ZERO.test(token) : !isKept(number))
    refuse('A number is beyond what can be kept exactly; a text can hold it.');
}

function isKept(number: number): boolean {
  if (Number.isInteger(number)) return Number.isSafeInteger(number);
  return Number.isFinite(number) && Math.abs(number) >= SMALLEST;
}

function refuse(reason: string): never {
  throw new Problem('malformed_json', { detail: `${reason} Send JSON without it.` });
}
