import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import type { Actor } from '../support/actors.ts';
import type { TestApp } from '../support/app.ts';
import { Client } from '../support/client.ts';
import { seededRandom } from '../support/random.ts';
import { size } from '../support/size.ts';
import { PostgresWire } from '../support/postgres-wire.ts';
import { startWorks, startWorksBehind } from '../support/works.ts';

const CALLS = size(25, 2_000);
const AT_A_TIME = 8;
const LONGEST_PAUSE_MS = 40;
const seed = Date.now() % 2 ** 32;
const random = seededRandom(seed);

describe(`a wire that breaks again and again (seed ${seed})`, () => {
  let app: TestApp;
  let wire: PostgresWire;
  let server: NestFastifyApplication;
  let actor: Actor;
  let callers: Client[];

  beforeAll(async () => {
    app = await startWorks();
    wire = await PostgresWire.to(app.database.url('tenantry_app'));
    server = await startWorksBehind(wire, app);
    actor = await app.actors.user();
    callers = [actor.api, new Client(await server.getUrl()).as(actor.api.token)];
  });

  afterAll(async () => {
    await server.close();
    await wire.close();
    await app.stop();
  });

  /** Loses some answers of the database and lets others through, until told to stop. @returns how often it began to lose */
  async function breakWire(stopping: AbortSignal): Promise<number> {
    let breaks = 0;
    for (; !stopping.aborted; breaks += 1) {
      await delay(random() * LONGEST_PAUSE_MS);
      wire.losesAnswers = true;
      await delay(random() * LONGEST_PAUSE_MS);
      wire.losesAnswers = false;
    }
    return breaks;
  }

  /** As a client does that wants to know: the same call, by either server, until it is told what became of it. */
  async function persist(key: string, unknown: () => void): Promise<Response> {
    for (;;) {
      const caller = callers[random() < 0.75 ? 1 : 0]!;
      const answer = await caller.post('/works', { text: key }).set('idempotency-key', key);
      if (answer.status === 201) return answer;
      expect([409, 503]).toContain(answer.status);
      unknown();
      await delay(random() * LONGEST_PAUSE_MS);
    }
  }

  it('leaves each call with one effect, and all who sent it with one answer', async () => {
    const keys = Array.from({ length: CALLS }, () => uuid());
    const waiting = [...keys];
    const differing: string[] = [];
    let unknown = 0;
    const stopping = new AbortController();
    const breaking = breakWire(stopping.signal);
    const work = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const twins = await Promise.all([1, 2].map(() => persist(key, () => (unknown += 1))));
        if (new Set(twins.map(({ text, headers }) => text + headers['location'])).size > 1) differing.push(key);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    stopping.abort();

    const effects = await app.database.query('select text, count(*)::int from works group by text');
    expect(await breaking).toBeGreaterThan(1);
    expect(unknown).toBeGreaterThan(0);
    expect(differing).toEqual([]);
    expect(effects.filter(({ count }) => count !== 1)).toEqual([]);
    expect(effects.map(({ text }) => text).toSorted()).toEqual(keys.toSorted());
  });
});
