import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DataKey, type Owner, REMEMBERED_MS } from '../../src/core/crypto/data-key.ts';
import type { MasterKeys } from '../../src/core/crypto/master-keys.ts';
import { Undecipherable } from '../../src/core/crypto/undecipherable.ts';
import { type ColumnPlace, columnPlaces, type KeyPlace, keyPlaces } from './places.ts';
import { keyIdOf, move, pages, type Progress, type Replacement, type Report, type SealedRow } from './sweep.ts';

const BATCH = 500;
/** Until then servers may seal with a key that was replaced: as long as they remember it, and what they do with it takes. */
const SETTLED_AFTER_MS = REMEMBERED_MS + 5_000;
/** A row is passed over while somebody is at it; nobody is at one for as long as this many sweeps. */
const MOST_SWEEPS = 20;

export interface DataRotation {
  /** Keys that were made before are replaced: given again, a rotation goes on where it was stopped. */
  readonly before: Date;
  readonly report?: Report;
  /** Waits until every server has the new keys. */
  readonly settled?: () => Promise<unknown>;
}

/**
 * Gives every owner a new data key, and seals anew under it what is under older ones. These stay, and open what they sealed: a row
 * that a server writes under one meanwhile is moved by the next sweep.
 * @throws Error while data keys are under another master key than the first: that servers have the first one is not known then
 * @returns what the last sweep found at each place: where nothing is left, it moved nothing
 */
export async function rotateData(
  client: pg.Client,
  masterKeys: MasterKeys,
  options: DataRotation,
): Promise<Progress[]> {
  const { before, report = () => undefined, settled = () => delay(SETTLED_AFTER_MS) } = options;
  for (const place of keyPlaces) await requireMasterKey(client, masterKeys, place);
  const until = await notAfterNow(client, before);
  for (const place of keyPlaces) await replaceKeys(client, masterKeys, place, until, report);
  await settled();
  const places = await columnPlaces(client);
  const ring = new Ring(client, masterKeys);
  for (let sweeps = 1; ; sweeps += 1) {
    const done: Progress[] = [];
    for (const place of places) done.push(await sweep(client, place, ring, report));
    if (done.every(({ moved, passed }) => moved === 0 && passed === 0) || sweeps === MOST_SWEEPS) return done;
  }
}

/** By the database's clock, which dates the keys: a moment to come would make every key an old one, the new ones too. */
async function notAfterNow(client: pg.Client, before: Date): Promise<Date> {
  const { rows } = await client.query<{ until: Date }>('select least($1::timestamptz, now()) as until', [before]);
  return rows[0]?.until ?? before;
}

async function requireMasterKey(client: pg.Client, { currentId }: MasterKeys, { table }: KeyPlace): Promise<void> {
  const { rowCount } = await client.query(
    `select from ${table} where wrapped_key is not null and split_part(wrapped_key, '.', 2) <> $1 limit 1`,
    [currentId],
  );
  if (rowCount !== 0)
    throw new Error(`There are ${table} that are not under the master key "${currentId}": rotate-master comes first.`);
}

async function replaceKeys(
  client: pg.Client,
  masterKeys: MasterKeys,
  place: KeyPlace,
  before: Date,
  report: Report,
): Promise<void> {
  const progress: Progress = { name: place.name, rows: 0, moved: 0, passed: 0, failed: 0 };
  for (;;) {
    const owners = await supersede(client, masterKeys, place, before);
    progress.rows += owners;
    progress.moved += owners;
    if (owners > 0) report(progress);
    if (owners < BATCH) return;
  }
}

/** @returns how many owners have a new key */
async function supersede(
  client: pg.Client,
  masterKeys: MasterKeys,
  { kind, table }: KeyPlace,
  before: Date,
): Promise<number> {
  const { rows } = await client.query<{ owner: string; id: string }>(
    `select ${kind}_id as owner, id from ${table}
     where superseded_at is null and destroyed_at is null and created_at < $1 order by ${kind}_id limit ${BATCH}`,
    [before],
  );
  const keys = rows.map(({ owner }) => DataKey.generate({ kind, id: owner }));
  await client.query(
    `with old as (
       update ${table} t set superseded_at = now() from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) as v (owner, old, new, wrapped)
         where t.${kind}_id = v.owner and t.id = v.old and t.superseded_at is null and t.destroyed_at is null
         returning v.owner, v.new, v.wrapped
     )
     insert into ${table} (${kind}_id, id, wrapped_key) select owner, new, wrapped from old`,
    [
      rows.map(({ owner }) => owner),
      rows.map(({ id }) => id),
      keys.map(({ id }) => id),
      keys.map((key) => key.wrap(masterKeys)),
    ],
  );
  return rows.length;
}

async function sweep(client: pg.Client, place: ColumnPlace, ring: Ring, report: Report): Promise<Progress> {
  const progress: Progress = { name: place.name, rows: 0, moved: 0, passed: 0, failed: 0 };
  for await (const page of pages(client, place)) {
    const sealed = page.filter((row) => row.sealed !== null);
    await ring.load(place.column.owner, sealed.map(ownerIdOf));
    const old = sealed.filter((row) => ring.isOld(row));
    const { moved, failed } = await move(client, place, old, (row) => ring.replace(place, row));
    progress.rows += sealed.length;
    progress.moved += moved;
    progress.failed += failed;
    progress.passed += old.length - moved - failed;
    report(progress);
  }
  return progress;
}

function ownerIdOf({ key: [owner = ''] }: SealedRow): string {
  return owner;
}

interface KeptKey {
  readonly owner: string;
  readonly id: string;
  readonly wrapped: string | null;
  readonly current: boolean;
}

/** The keys of the owners whose rows are on a page. */
class Ring {
  readonly #client: pg.Client;
  readonly #masterKeys: MasterKeys;
  readonly #keys = new Map<string, KeptKey>();
  readonly #current = new Map<string, KeptKey>();
  readonly #unwrapped = new Map<string, DataKey>();

  constructor(client: pg.Client, masterKeys: MasterKeys) {
    this.#client = client;
    this.#masterKeys = masterKeys;
  }

  async load(kind: Owner['kind'], owners: readonly string[]): Promise<void> {
    this.#keys.clear();
    this.#current.clear();
    this.#unwrapped.clear();
    if (owners.length === 0) return;
    const { rows } = await this.#client.query<KeptKey>(
      `select ${kind}_id as owner, id, wrapped_key as wrapped, superseded_at is null and destroyed_at is null as current
       from ${kind}_keys where ${kind}_id = any ($1)`,
      [[...new Set(owners)]],
    );
    for (const key of rows) {
      this.#keys.set(key.id, key);
      if (key.current) this.#current.set(key.owner, key);
    }
  }

  /** It is to be moved: there is a newer key, and its own was not destroyed. */
  isOld(row: SealedRow): boolean {
    const keyId = keyIdOf(row.sealed ?? '');
    const current = this.#current.get(ownerIdOf(row));
    const isDestroyed = this.#keys.get(keyId)?.wrapped === null;
    return current !== undefined && current.id !== keyId && !isDestroyed;
  }

  /** @returns undefined for what can't be opened: it is left as it is, and must not stop what can */
  replace({ column }: ColumnPlace, row: SealedRow): Replacement | undefined {
    const owner: Owner = { kind: column.owner, id: ownerIdOf(row) };
    const at = { table: column.table, column: column.column, row: row.key.at(-1) ?? '' };
    try {
      const sealed = row.sealed ?? '';
      const text = this.#unwrap(owner, this.#keys.get(keyIdOf(sealed))).open(sealed, at);
      const key = this.#unwrap(owner, this.#current.get(owner.id));
      return { sealed: key.seal(text, at), index: column.indexed ? key.blindIndex(text, at) : null };
    } catch (error) {
      if (error instanceof Undecipherable) return undefined;
      throw error;
    }
  }

  /** Once a page, however many rows are under it. */
  #unwrap(owner: Owner, key: KeptKey | undefined): DataKey {
    if (!key || key.wrapped === null) throw new Undecipherable('lost_key');
    const unwrapped = this.#unwrapped.get(key.id) ?? DataKey.unwrap(owner, key.id, key.wrapped, this.#masterKeys);
    this.#unwrapped.set(key.id, unwrapped);
    return unwrapped;
  }
}
