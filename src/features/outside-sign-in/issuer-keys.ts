import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../core/clock/clock.ts';

/** Seconds after which the issuer is asked again, so that a key that it has taken back is not believed for ever. */
const FRESH_SECONDS = 600;
/** Seconds between two questions at least: whoever makes up key ids must not have us ask all the time. */
const PAUSE_SECONDS = 30;
const ANSWER_WITHIN_MS = 1_500;
/** Far more than the few keys of an issuer take. */
const LARGEST_ANSWER = 100_000;

/** Fetches the JSON Web Key Set (RFC 7517). Throws where it can't be had. */
export type FetchKeySet = () => Promise<unknown>;

/** The public keys of an issuer, by id, fetched when they are needed and kept for a while. */
export class IssuerKeys {
  readonly #logger = new Logger('OutsideSignIn');
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(
    private readonly fetchKeySet: FetchKeySet,
    private readonly clock: Clock,
  ) {}

  /** False until the issuer has answered once: until then nobody can tell a good token from a bad one. */
  get areKnown(): boolean {
    return this.#keys.size > 0;
  }

  /** @returns undefined for a key that the issuer has not, or that could not be fetched */
  async find(id: string): Promise<KeyObject | undefined> {
    const age = this.clock.seconds() - this.#askedAt;
    const known = this.#keys.get(id);
    // Whoever has a good token does not wait for an answer that somebody with a made-up key id has us ask for.
    if (known && age < FRESH_SECONDS) return known;
    if (age >= PAUSE_SECONDS) this.#asking ??= this.#ask();
    await this.#asking;
    return this.#keys.get(id);
  }

  /** Where the issuer can't be reached, its keys stay as they were. */
  async #ask(): Promise<void> {
    this.#askedAt = this.clock.seconds();
    try {
      this.#keys = keysOf(await this.fetchKeySet());
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'no answer';
      this.#logger.warn(`The keys of the outside issuer could not be fetched: ${reason}`);
    } finally {
      this.#asking = undefined;
    }
  }
}

/** @returns what fetches the key set of `url`, from there alone, within time and size */
export function keySetFrom(url: string): FetchKeySet {
  return async () => {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok || !response.body) throw new Error(`The key set was answered with ${response.status}.`);
    const set: unknown = JSON.parse(await textOf(response.body));
    return set;
  };
}

async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > LARGEST_ANSWER) throw new Error('The key set is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Takes public keys for signatures, RSA and P-256; leaves out what is none. @throws Error for what is no key set */
function keysOf(set: unknown): ReadonlyMap<string, KeyObject> {
  const list: unknown = Reflect.get(Object(set), 'keys');
  if (!Array.isArray(list)) throw new Error('The key set has no keys.');
  return new Map(list.flatMap((jwk: unknown) => entryOf(jwk)));
}

function entryOf(jwk: unknown): [string, KeyObject][] {
  if (!isSigningJwk(jwk)) return [];
  try {
    return [[jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]];
  } catch {
    return [];
  }
}

function isSigningJwk(jwk: unknown): jwk is JsonWebKey & { kid: string } {
  if (typeof jwk !== 'object' || jwk === null) return false;
  const members = new Map<string, unknown>(Object.entries(jwk));
  const [kty, use] = [members.get('kty'), members.get('use')];
  const isKnown = kty === 'RSA' || (kty === 'EC' && members.get('crv') === 'P-256');
  return typeof members.get('kid') === 'string' && isKnown && (use === undefined || use === 'sig');
}
