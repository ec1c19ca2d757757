import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.ts';
import { ShortMemory } from '../limits/short-memory.ts';
import { DataKey, type Owner, REMEMBERED_MS } from './data-key.ts';
import { MasterKeys } from './master-keys.ts';
import { parse } from './sealed-text.ts';
import { Forgotten, Undecipherable } from './undecipherable.ts';

const CAPACITY = 10_000;

/** A data key as it is kept. */
export interface KeptKey {
  readonly id: string;
  /** null: it was destroyed. */
  readonly wrapped: string | null;
  /** It is the one that seals. */
  readonly current: boolean;
}

/** Where the keys of one owner are kept. */
export interface KeyStore {
  readonly owner: Owner;
  /** What is added in a transaction is there for nobody else, and may never be. */
  readonly transaction: object | undefined;
  find(): Promise<readonly KeptKey[]>;
  /** @returns the owner's keys, with the given one among them if there was none to seal with */
  findOrAdd(id: string, wrapped: string): Promise<readonly KeptKey[]>;
}

/** The keys of one owner. One that can't be used stands there as the reason why. */
interface Ring {
  /** When they are asked for anew. */
  readonly until: number;
  readonly currentId: string | undefined;
  readonly keys: ReadonlyMap<string, DataKey | Undecipherable>;
}

/** Hands out data keys: from memory for some seconds, otherwise from where they are kept, in one question. */
@Injectable()
export class DataKeys {
  readonly #masterKeys: MasterKeys;
  readonly #clock: Clock;
  readonly #remembered: ShortMemory<Ring>;
  /** The keys of owners who got one in a transaction that is not over yet. */
  readonly #unfinished = new WeakMap<object, Map<string, Ring>>();

  constructor(masterKeys: MasterKeys, clock: Clock) {
    this.#masterKeys = masterKeys;
    this.#clock = clock;
    this.#remembered = new ShortMemory(clock, REMEMBERED_MS, CAPACITY);
  }

  /**
   * @returns the owner's current key, made where there is none
   * @throws Undecipherable where it can't be unwrapped
   */
  async forSealing(store: KeyStore): Promise<DataKey> {
    const known = this.#known(store);
    const ring = known?.currentId === undefined ? await this.#findOrAdd(store) : known;
    return usable(ring, ring.currentId);
  }

  /** @throws Undecipherable where the owner has no such key; Forgotten where it was destroyed */
  async forOpening(store: KeyStore, sealed: string): Promise<DataKey> {
    const { keyId } = parse(sealed);
    const known = this.#known(store);
    // One that is not known may have been made a moment ago, by another server.
    return usable(known?.keys.has(keyId) ? known : await this.#find(store), keyId);
  }

  /**
   * Asks each time: a row that is there may be indexed under a key that was made a moment ago, by another server or in a transaction.
   * @returns all keys of the owner but those that were destroyed: which of them a text was indexed under is not known
   * @throws Undecipherable where one can't be unwrapped: a row that is indexed under it would not be found
   */
  async forLookingUp(store: KeyStore): Promise<readonly DataKey[]> {
    const ring = await this.#find(store);
    const kept = [...ring.keys].filter(([, key]) => !(key instanceof Forgotten));
    return kept.map(([id]) => usable(ring, id));
  }

  #known({ owner, transaction }: KeyStore): Ring | undefined {
    const unfinished = transaction && this.#unfinished.get(transaction)?.get(nameOf(owner));
    const ring = unfinished ?? this.#remembered.get(nameOf(owner));
    return ring && this.#clock.now().getTime() < ring.until ? ring : undefined;
  }

  async #find(store: KeyStore): Promise<Ring> {
    return this.#remember(store, await store.find());
  }

  async #findOrAdd(store: KeyStore): Promise<Ring> {
    const key = DataKey.generate(store.owner);
    const kept = await store.findOrAdd(key.id, key.wrap(this.#masterKeys));
    return this.#remember(
      store,
      kept,
      kept.some(({ id }) => id === key.id),
    );
  }

  /** A key that was added in a transaction is remembered with that transaction: undone with it, it must seal nothing else. */
  #remember({ owner, transaction }: KeyStore, kept: readonly KeptKey[], added = false): Ring {
    const ring = this.#unlock(owner, kept);
    const unfinished = transaction && this.#unfinished.get(transaction);
    if (unfinished) unfinished.set(nameOf(owner), ring);
    else if (transaction && added) this.#unfinished.set(transaction, new Map([[nameOf(owner), ring]]));
    else this.#remembered.set(nameOf(owner), ring);
    return ring;
  }

  #unlock(owner: Owner, kept: readonly KeptKey[]): Ring {
    return {
      until: this.#clock.now().getTime() + REMEMBERED_MS,
      currentId: kept.find(({ current }) => current)?.id,
      keys: new Map(kept.map((key) => [key.id, this.#unwrapped(owner, key)])),
    };
  }

  #unwrapped(owner: Owner, { id, wrapped }: KeptKey): DataKey | Undecipherable {
    if (wrapped === null) return new Forgotten();
    try {
      return DataKey.unwrap(owner, id, wrapped, this.#masterKeys);
    } catch (error) {
      if (error instanceof Undecipherable) return error;
      throw error;
    }
  }
}

function nameOf({ kind, id }: Owner): string {
  return `${kind} ${id}`;
}

function usable({ keys }: Ring, id: string | undefined): DataKey {
  const key = id === undefined ? undefined : keys.get(id);
  if (key instanceof DataKey) return key;
  throw key ?? new Undecipherable('lost_key');
}
