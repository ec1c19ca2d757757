import { Problem } from './problem.ts';

/** Far above what a request class can hold, far below what recursive code can bear. */
const MAXIMUM_DEPTH = 32;

/** Names that reach an object's prototype when an object is copied member by member. */
export const POISON: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

/** The tokens of a valid document that the inspection is about: strings, with the colon that makes one a name, and brackets. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[[\]{}]/g;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a body (RFC 8259) and refuses what parsers disagree about or the database can't keep: duplicate names, more than
 * 32 levels, NUL and lone surrogates, names that reach a prototype. Linear in its length.
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
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAXIMUM_DEPTH) refuse(`It is nested deeper than ${MAXIMUM_DEPTH} levels.`);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else {
      inspectString(token, colon, open.at(-1));
    }
  }
}

function inspectString(token: string, colon: string | undefined, names: Set<string> | undefined): void {
  const quoted = colon === undefined ? token : token.slice(0, -colon.length);
  const string = unescaped(quoted);
  if (colon === undefined || names === undefined) return;
  if (POISON.has(string)) refuse('A member has a name that is not allowed.');
  if (names.has(string)) refuse('An object holds the same member twice.');
  names.add(string);
}

function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  const string = String(JSON.parse(quoted));
  if (string.includes('\0') || !string.isWellFormed()) refuse('A string holds NUL or half of a surrogate pair.');
  return string;
}

function refuse(reason: string): never {
  throw new Problem('malformed_json', { detail: `${reason} Send JSON without it.` });
}
