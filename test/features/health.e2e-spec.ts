import { Readiness } from '../../src/core/http/index.ts';
import type { HealthRepository } from '../../src/features/health/health.repository.ts';
import { HealthService } from '../../src/features/health/health.service.ts';
import { TestApp } from '../support/app.ts';

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

async function health(path: 'live' | 'ready'): Promise<{ status: number; body: unknown; retryAfter: string | null }> {
  const response = await fetch(`${app.url}/health/${path}`);
  return { status: response.status, body: await response.json(), retryAfter: response.headers.get('retry-after') };
}

/** At 0 the server's roles are let in no more, and those that are in are put out; -1 is no limit. */
async function limitConnections(limit: number): Promise<void> {
  await app.database.query(`alter database ${app.database.name} connection limit ${limit}`);
  await app.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename like 'tenantry_%'`,
  );
}

const ok = { status: 200, body: { status: 'ok' }, retryAfter: null };
const unavailable = { status: 503, body: expect.objectContaining({ code: 'unavailable' }), retryAfter: '1' };

describe('health', () => {
  it('is live and ready while the database answers', async () => {
    expect(await health('live')).toEqual(ok);
    expect(await health('ready')).toEqual(ok);
  });

  it('asks the database once, however many ask at a time, and anew when they ask again', async () => {
    const answers: PromiseWithResolvers<void>[] = [];
    const ping = () => {
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    };
    const service = new HealthService(new Readiness(), { ping } as HealthRepository);
    const asked = [1, 2, 3].map(() => service.assertReady());
    answers[0]!.resolve();
    await Promise.all(asked);
    expect(answers).toHaveLength(1);
    const again = [1, 2].map(() => service.assertReady());
    answers[1]!.reject(new Error('gone'));
    expect(await Promise.allSettled(again)).toMatchObject([
      { reason: { code: 'unavailable' } },
      { reason: { code: 'unavailable' } },
    ]);
    const recovered = service.assertReady();
    answers[2]!.resolve();
    await recovered;
    expect(answers).toHaveLength(3);
  });

  it('is live, and within 3 s says that it is not ready, while the database is away', async () => {
    await limitConnections(0);
    const start = performance.now();
    expect(await health('ready')).toEqual(unavailable);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(await health('live')).toEqual(ok);
    await limitConnections(-1);
    expect(await health('ready')).toEqual(ok);
  });

  it('is live, and not ready, when it goes out of service', async () => {
    app.nest.get(Readiness).drain();
    expect(await health('ready')).toEqual(unavailable);
    expect(await health('live')).toEqual(ok);
  });
});
