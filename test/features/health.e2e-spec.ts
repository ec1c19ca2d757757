import { Readiness } from '../../src/core/http/index.ts';
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
