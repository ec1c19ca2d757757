import type pg from 'pg';
import { columnPlaces, jobs, keyPlaces, type Place } from './places.ts';
import { keyIdOf, pages, type SealedRow } from './sweep.ts';

/** So many rows by key, or by what has become of their key. */
export type Counts = Record<string, number>;

export interface KeyStatus {
  /** Data keys and waiting jobs, by the master key that they are under. */
  readonly underMasterKeys: Record<string, Counts>;
  /** Encrypted columns, by what their rows' data keys are: `current`, `superseded`, `destroyed` or `unknown`. */
  readonly underDataKeys: Record<string, Counts>;
  /** Of the rows that are not under a current key: how many there are, by the id of their key. */
  readonly supersededKeys: Counts;
}

/** Counts what is under which key, page by page. */
export async function keyStatus(client: pg.Client): Promise<KeyStatus> {
  const status: KeyStatus = { underMasterKeys: {}, underDataKeys: {}, supersededKeys: {} };
  for (const place of [...keyPlaces, jobs]) status.underMasterKeys[place.name] = await byMasterKey(client, place);
  for (const place of await columnPlaces(client)) {
    const counts: Counts = {};
    for await (const page of pages(client, place)) {
      const sealed = page.filter((row) => row.sealed !== null);
      const states = await statesOf(client, place.column.owner, sealed);
      for (const row of sealed) {
        const id = keyIdOf(row.sealed ?? '');
        const state = states.get(id) ?? 'unknown';
        count(counts, state);
        if (state !== 'current') count(status.supersededKeys, id);
      }
    }
    status.underDataKeys[place.name] = counts;
  }
  return status;
}

async function byMasterKey(client: pg.Client, place: Place): Promise<Counts> {
  const counts: Counts = {};
  for await (const page of pages(client, place)) {
    for (const { sealed } of page) if (sealed !== null) count(counts, keyIdOf(sealed));
  }
  return counts;
}

async function statesOf(
  client: pg.Client,
  kind: string,
  page: readonly SealedRow[],
): Promise<ReadonlyMap<string, string>> {
  if (page.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; state: string }>(
    `select id, case when destroyed_at is not null then 'destroyed' when superseded_at is not null then 'superseded'
       else 'current' end as state
     from ${kind}_keys where ${kind}_id = any ($1)`,
    [[...new Set(page.map(({ key }) => key[0]))]],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
}

function count(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
