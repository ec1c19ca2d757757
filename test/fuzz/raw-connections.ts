import { Dice } from './dice.ts';
import { type Raw, raw, SMUGGLED, type Target } from './raw.ts';
import { faultsOf } from './verdict.ts';
import { type Answer, sendParts } from './wire.ts';

const AT_A_TIME = 32;
/** Of silence before we close our side; where nothing came, it is tried again with more, since the machine may be busy. */
const PATIENCE_MS = 250;
const LONG_PATIENCE_MS = 4_000;

interface Found {
  readonly fault: string;
  readonly number: number;
  readonly kind: string;
  readonly sent: string;
  readonly answers: readonly Answer[];
}

/** Bytes of any kind, each lot on a connection of its own. @returns what is wrong with the answers */
export async function sendRawConnections(port: number, target: Target, seed: number, count: number): Promise<Found[]> {
  const found: Found[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      found.push(...(await sendOne(port, raw(target, new Dice(seed, number)), number)));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return found;
}

async function sendOne(port: number, made: Raw, number: number): Promise<Found[]> {
  const sent = Buffer.concat(made.parts).toString('latin1').slice(0, 600);
  const found = (fault: string, answers: readonly Answer[] = []): Found => ({
    fault,
    number,
    kind: made.kind,
    sent,
    answers,
  });
  try {
    const first = await sendParts(port, made.parts, PATIENCE_MS);
    const answers = faultsIn(first, made).length === 0 ? first : await sendParts(port, made.parts, LONG_PATIENCE_MS);
    return faultsIn(answers, made).map((fault) => found(fault, answers));
  } catch (error) {
    return [found(String(error))];
  }
}

function faultsIn(answers: readonly Answer[], { ids, kind }: Raw): string[] {
  const given = answers.slice(0, ids.length).map(({ headers }) => headers['x-request-id']);
  return [
    ...(answers.length === 0 ? ['is not answered'] : []),
    ...(given.join() === ids.join() ? [] : [`is answered out of turn: ${given.join()}`]),
    ...(kind !== 'pipeline' && answers.some(({ body }) => body.includes(SMUGGLED))
      ? ['lets a request be smuggled in']
      : []),
    ...answers.flatMap((answer) => faultsOf(answer)),
  ];
}
