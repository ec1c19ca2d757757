import { v7 as uuid } from 'uuid';
import { TestApp } from '../support/app.ts';

describe('the limit by caller', () => {
  let app: TestApp;
  beforeAll(async () => void (app = await TestApp.start({ environment: { RATE_LIMIT_CALLER: '4/3600' } })));
  afterAll(() => app.stop());

  const statuses = async (...calls: (() => PromiseLike<{ status: number }>)[]) => {
    const found = [];
    for (const call of calls) found.push((await call()).status);
    return found;
  };

  it('is of a user, in whatever organisation and session, and asks the database nothing', async () => {
    const ada = await app.actors.user();
    const grace = await app.actors.user();
    const organization = await app.actors.organization(ada);
    const { headers } = await ada.api.get('/me');
    expect(headers['ratelimit-policy']).toBe('"address";q=1000000;w=60, "caller";q=4;w=3600');
    expect(headers['ratelimit']).toMatch(/^"address";r=\d+;t=\d+, "caller";r=2;t=\d+$/);
    const elsewhere = app.anonymous.as(app.actors.token(ada.userId, uuid()));
    const path = `/organizations/${organization.id}`;
    expect(
      await statuses(
        () => elsewhere.get(path),
        () => ada.api.get('/organizations'),
      ),
    ).toEqual([401, 200]);

    const refused = await app.roundTrips(async () => {
      expect(
        await statuses(
          () => elsewhere.get('/me'),
          () => ada.api.get(path),
        ),
      ).toEqual([429, 429]);
    });
    expect(refused).toBe(0);
    const { body, headers: told } = await ada.api.get(path);
    expect(body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(told).toMatchObject({ 'retry-after': expect.stringMatching(/^(900|8\d\d)$/) });
    expect(told['ratelimit']).toMatch(/"caller";r=0;t=(900|8\d\d)$/);
    expect(
      await statuses(
        () => grace.api.get('/me'),
        () => app.anonymous.get('/me'),
      ),
    ).toEqual([200, 401]);
  });

  it('is judged after the token, which alone says who calls, and before everything else', async () => {
    const ada = await app.actors.user();
    const forged = `${ada.api.token!.slice(0, -8)}AAAAAAAA`;
    for (let call = 0; call < 6; call += 1) await app.anonymous.as(forged).get('/me').expect(401);
    for (let call = 0; call < 4; call += 1) await ada.api.get('/organizations/no-id').expect(404);
    await ada.api.get('/organizations/no-id').expect(429);
    await ada.api.post('/organizations', { nonsense: true }).expect(429);
    await app.anonymous.as(forged).get('/organizations/no-id').expect(401);
  });
});

describe('health', () => {
  it('is told to whoever asks, however often', async () => {
    const app = await TestApp.start({ environment: { RATE_LIMIT_ADDRESS: '1/3600' } });
    await app.anonymous.outside('get', '/problems').expect(200);
    await app.anonymous.outside('get', '/problems').expect(429);
    for (const path of ['/health/live', '/health/ready']) {
      for (const method of ['get', 'head', 'get'] as const) await app.anonymous.outside(method, path).expect(200);
    }
    await app.stop();
  });
});
