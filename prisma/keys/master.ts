import type pg from 'pg';
import { DataKey, type Owner } from '../../src/core/crypto/data-key.ts';
import type { MasterKeys } from '../../src/core/crypto/master-keys.ts';
import { Undecipherable } from '../../src/core/crypto/undecipherable.ts';
import { jobs, type KeyPlace, keyPlaces, type Place } from './places.ts';
import { keyIdOf, move, pages, type Progress, type Replacement, type Report, type SealedRow } from './sweep.ts';

/**
 * Wraps every data key under the first of the master keys, and seals what waits in the queue under it. What is there already is
 * passed over, so that it can be stopped and run again.
 * @returns what was done at each place
 */
export async function rotateMaster(
  client: pg.Client,
  masterKeys: MasterKeys,
  report: Report = () => undefined,
): Promise<Progress[]> {
  const done: Progress[] = [];
  for (const place of keyPlaces)
    done.push(await sweep(client, masterKeys, place, (row) => rewrapped(masterKeys, place, row), report));
  done.push(await sweep(client, masterKeys, jobs, (row) => resealed(masterKeys, row), report));
  return done;
}

async function sweep(
  client: pg.Client,
  masterKeys: MasterKeys,
  place: Place,
  replace: (row: SealedRow) => Replacement | undefined,
  report: Report,
): Promise<Progress> {
  const progress: Progress = { name: place.name, rows: 0, moved: 0, passed: 0, failed: 0 };
  for await (const page of pages(client, place)) {
    const old = page.filter(({ sealed }) => sealed !== null && keyIdOf(sealed) !== masterKeys.currentId);
    const { moved, failed } = await move(client, place, old, replace);
    progress.rows += page.length;
    progress.moved += moved;
    progress.failed += failed;
    progress.passed += old.length - moved - failed;
    report(progress);
  }
  return progress;
}

function rewrapped(masterKeys: MasterKeys, { kind }: KeyPlace, { key, sealed }: SealedRow): Replacement | undefined {
  const [ownerId = '', id = ''] = key;
  const owner: Owner = { kind, id: ownerId };
  return unlessUndecipherable(() => DataKey.unwrap(owner, id, sealed ?? '', masterKeys).wrap(masterKeys));
}

function resealed(masterKeys: MasterKeys, { sealed }: SealedRow): Replacement | undefined {
  return unlessUndecipherable(() => masterKeys.seal(masterKeys.open(sealed ?? '', ['job']), ['job']));
}

/** What can't be opened is left as it is, and counted: it must not stop what can. */
function unlessUndecipherable(seal: () => string): Replacement | undefined {
  try {
    return { sealed: seal(), index: null };
  } catch (error) {
    if (error instanceof Undecipherable) return undefined;
    throw error;
  }
}
