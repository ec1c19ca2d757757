import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { isEmail } from 'class-validator';

/** Reads one variable; `undefined` when it is not set. Throws an `Error` that says what is expected, never what was found. */
export type Variable<Value> = (text: string | undefined) => Value;

/** @throws when the variable is not set */
export function required<Value>(parse: (text: string) => Value): Variable<Value> {
  return (text) => {
    if (text === undefined) throw new Error('is missing');
    return parse(text);
  };
}

export function optional<Value, const Fallback>(
  parse: (text: string) => Value,
  fallback: Fallback,
): Variable<Value | Fallback> {
  return (text) => (text === undefined ? fallback : parse(text));
}

export function choice<const Values extends readonly string[]>(...values: Values): (text: string) => Values[number] {
  return (value) => {
    const known = values.find((candidate) => candidate === value);
    if (known === undefined) throw new Error(`must be one of ${values.join(', ')}`);
    return known;
  };
}

export function flag(value: string): boolean {
  return choice('true', 'false')(value) === 'true';
}

export function integer(minimum: number, maximum: number): (text: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < minimum || number > maximum) {
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`);
    }
    return number;
  };
}

/** @returns a parser of an absolute URL of one of the schemes, kept as it was written but for a slash at its end */
export function url(...schemes: readonly string[]): (text: string) => string {
  return (value) => {
    const parsed = URL.parse(value);
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1)) || parsed.host === '') {
      throw new Error(`must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
    }
    return value.replace(/\/$/, '');
  };
}

/** The name of an issuer of tokens (RFC 7519, `iss`), a URL: compared letter by letter, so that it is kept as it is written. */
export function issuer(value: string): string {
  url('https', 'http')(value);
  return value;
}

/** An address of this machine to listen at, or a name of one. What looks like an IPv4 address has to be one, as in a URL. */
export function host(value: string): string {
  if (isIP(value) === 0 && URL.parse(`http://${value}`)?.hostname !== value.toLowerCase()) {
    throw new Error('must be an IP address or a host name');
  }
  return value;
}

/** One mailbox (RFC 5322, 3.4), with a name or without: no second address, and no line end that would begin another header. */
export function mailbox(value: string): string {
  if (!isEmail(value, { allow_display_name: true, require_tld: false })) {
    throw new Error('must be one mailbox, such as no-reply@example.com or "Tenantry, Inc." <no-reply@example.com>');
  }
  return value;
}

/**
 * A name that people read: one line, of characters that show, none of which turns the text around. An authenticator app takes what is
 * before a colon for the whole.
 */
export function displayName(value: string): string {
  if (value.trim() !== value || value.length > LONGEST_NAME || /[:\p{C}\p{Zl}\p{Zp}]/u.test(value)) {
    throw new Error(`must be a name of at most ${LONGEST_NAME} characters, on one line, without a colon`);
  }
  return value;
}

/** A language tag (RFC 5646). */
export function languageTag(value: string): string {
  if (!/^[A-Za-z]{2,8}(?:-[A-Za-z\d]{1,8})*$/.test(value)) throw new Error('must be a language tag such as en or de');
  return value;
}

/** A comma-separated list of web origins (RFC 6454): scheme, host and port, without a path. `*` alone is for development. */
export function origins(value: string): readonly string[] {
  return value.split(',').map((part) => {
    const origin = part.trim();
    if (origin !== '*' && (origin.includes('*') || URL.parse(origin)?.origin !== origin)) {
      throw new Error('must be origins such as https://app.example.com, separated by commas, without a path');
    }
    return origin;
  });
}

/** A comma-separated list of networks (CIDR). All there is (`/0`) is none to trust: anybody could then say who they are. */
export function networks(value: string): readonly string[] {
  return value.split(',').map((part) => {
    const network = part.trim();
    const [, address = '', prefix = ''] = /^([^/]+)\/([1-9]\d{0,2})$/.exec(network) ?? [];
    if (isIP(address) === 0 || Number(prefix) > (isIPv6(address) ? 128 : 32)) {
      throw new Error(
        'must be networks such as 10.0.0.0/8 or fd00::/8, separated by commas, and none of all addresses',
      );
    }
    return network;
  });
}

/** So many requests in so many seconds. */
export interface Quota {
  readonly requests: number;
  readonly seconds: number;
}

/** Requests and seconds with a slash between: `600/60`. */
export function quota(value: string): Quota {
  const [requests = '', seconds = '', ...more] = value.split('/');
  if (more.length > 0) throw new Error('must be requests/seconds, such as 600/60');
  return { requests: integer(1, MOST_REQUESTS)(requests), seconds: integer(1, LONGEST_WINDOW_SECONDS)(seconds) };
}

/** How many there may be of something that is sold by number. */
export const seats = integer(1, 999_999);

/** At least 32 bytes, in base64url: the output length of SHA-256, below which an HMAC key is weaker than the hash. */
export function secretKey(value: string): Buffer {
  const bytes = Buffer.from(value, 'base64url');
  if (!/^[\w-]+=*$/.test(value) || bytes.length < MINIMUM_SECRET_BYTES) {
    throw new Error(`must be at least ${MINIMUM_SECRET_BYTES} random bytes in base64url`);
  }
  return bytes;
}

/** A key above all others, which encrypts those that the database keeps. */
export interface MasterKey {
  readonly id: string;
  /** At least 32 random bytes. */
  readonly secret: Buffer;
}

/** `id:key`, or several with commas between, each key as `secretKey`. An id is kept with what its key has encrypted. */
export function masterKeys(value: string): readonly MasterKey[] {
  const keys = value.split(',').map((part) => {
    const [, id = '', key = ''] = /^\s*([a-z0-9][a-z0-9_-]{0,31}):(\S+)\s*$/.exec(part) ?? [];
    if (id === '')
      throw new Error('must be id:key, or several with commas between; an id is lower case letters and digits');
    return { id, secret: secretKey(key) };
  });
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('must not have two keys of one id');
  return keys;
}

/** A bearer secret of at least 32 characters. */
export function token(value: string): string {
  if (value.length < MINIMUM_SECRET_BYTES || /\s/.test(value)) {
    throw new Error(`must be at least ${MINIMUM_SECRET_BYTES} characters without spaces`);
  }
  return value;
}

/** An ES256 private key, PKCS#8 PEM; base64 of the PEM, or `\n` for its line ends, where a variable holds one line only. */
export function signingKey(value: string): KeyObject {
  const key = parsedKey(() => createPrivateKey(pemText(value)));
  if (key?.asymmetricKeyDetails?.namedCurve !== ES256_CURVE) {
    throw new Error('must be an ES256 (P-256) private key, PKCS#8 PEM or base64 of it');
  }
  return key;
}

/** The public key of such a one, SPKI PEM, written alike. */
export function verificationKey(value: string): KeyObject {
  const key = parsedKey(() => createPublicKey(pemText(value)));
  if (key?.asymmetricKeyDetails?.namedCurve !== ES256_CURVE) {
    throw new Error('must be an ES256 (P-256) public key, SPKI PEM or base64 of it');
  }
  return key;
}

/** @returns the PEM that a variable holds, with whatever stands beside it */
export function pemText(value: string): string {
  return value.startsWith('-----') ? value.replaceAll('\\n', '\n') : Buffer.from(value, 'base64').toString();
}

function parsedKey(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined; // The parser's own message could quote the key.
  }
}

const ES256_CURVE = 'prime256v1';
const MINIMUM_SECRET_BYTES = 32;
const LONGEST_NAME = 60;
const MOST_REQUESTS = 1_000_000;
const LONGEST_WINDOW_SECONDS = 3_600;
