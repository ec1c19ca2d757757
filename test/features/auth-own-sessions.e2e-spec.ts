import pg from 'pg';
import { AuthApp, PASSWORD, type Tokens } from '../support/auth.ts';
import type { Client } from '../support/client.ts';
import { served } from '../support/served.ts';

const FIVE_MINUTES = '5 minutes 1 second';

describe("one's own sessions", () => {
  let app: AuthApp;
  let email: string;
  let first: Tokens;
  let second: Tokens;
  let api: Client;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());
  beforeEach(async () => {
    email = app.newAddress();
    first = await app.person(email);
    ({ body: second } = await app.login(email, PASSWORD).set('user-agent', 'Phone').expect(200));
    api = app.test.anonymous.as(first.access_token);
  });

  const actions = async () => (await app.eventsOf(email)).map(({ action, session_id }) => [action, session_id]);

  const seenAgo = (interval: string) =>
    app.test.database.query('update sessions set last_seen_at = now() - $2::interval where id = $1', [
      first.session_id,
      interval,
    ]);

  const lastSeen = async () => {
    const [row] = await app.test.database.query(
      'select now() - last_seen_at < $2::interval as lately from sessions where id = $1',
      [first.session_id, '1 minute'],
    );
    return row!['lately'];
  };

  it('are listed, the newest first, those that are over left out', async () => {
    const { body: third } = await app.login(email, PASSWORD);
    await app.test.anonymous.as(third.access_token).post('/auth/logout').expect(204);
    const { body: fourth } = await app.login(email, PASSWORD);
    await app.test.database.query('update sessions set expires_at = now() where id = $1', [fourth.session_id]);
    await app.person();

    const { body } = await api.get('/auth/sessions').expect(200);
    const time = expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/);
    const common = { created_at: time, last_seen_at: time, ip_address: '127.0.0.1' };
    expect(body.data).toEqual([
      { ...common, id: second.session_id, user_agent: 'Phone', current: false },
      { ...common, id: first.session_id, user_agent: null, current: true },
    ]);
    expect(body.pagination).toMatchObject({ total: 2, next_cursor: null });
    const { body: page } = await api.get('/auth/sessions?sort=created_at&page_size=1').expect(200);
    expect(page.data[0].id).toBe(first.session_id);
    const { body: next } = await api.get(
      `/auth/sessions?sort=created_at&page_size=1&cursor=${page.pagination.next_cursor}`,
    );
    expect(next.data[0].id).toBe(second.session_id);
  });

  it('end one by one, at once, and only once', async () => {
    await api.delete(`/auth/sessions/${second.session_id}`).expect(204);
    await app.me(second.access_token).expect(401);
    await app.refresh(second.refresh_token).expect(401);
    await api.delete(`/auth/sessions/${second.session_id}`).expect(404);
    expect((await actions()).at(-1)).toEqual(['auth.session_ended', second.session_id]);
    await api.delete(`/auth/sessions/${first.session_id}`).expect(204);
    await app.me(first.access_token).expect(401);
  });

  it('end no more once they have expired', async () => {
    await app.test.database.query('update sessions set expires_at = now() where id = $1', [second.session_id]);
    const { body } = await api.delete(`/auth/sessions/${second.session_id}`).expect(404);
    expect(body.code).toBe('not_found');
    expect((await actions()).filter(([action]) => action === 'auth.session_ended')).toEqual([]);
  });

  it("are nobody else's to end", async () => {
    const other = await app.person();
    const answers = [];
    for (const id of [other.session_id, '00000000-0000-7000-8000-000000000000', 'x']) {
      answers.push((await api.delete(`/auth/sessions/${id}`).expect(404)).body.detail);
    }
    expect(new Set(answers).size).toBe(1);
    await app.me(other.access_token).expect(200);
  });

  it('end all at once but the one that is called from', async () => {
    const { body: third } = await app.login(email, PASSWORD);
    const other = await app.person();
    await api.delete('/auth/sessions').expect(204);
    for (const { access_token } of [second, third]) await app.me(access_token).expect(401);
    for (const { access_token } of [first, other]) await app.me(access_token).expect(200);
    const ended = (await actions()).filter(([action]) => action === 'auth.session_ended').map(([, id]) => id);
    expect(ended.toSorted()).toEqual([second.session_id, third.session_id].toSorted());
  });

  it('are seen to five minutes, in the same round trip', async () => {
    await seenAgo('4 minutes 50 seconds');
    await api.get('/me').expect(200);
    expect(await lastSeen()).toBe(false);
    await seenAgo(FIVE_MINUTES);
    expect(await app.test.roundTrips(() => api.get('/me').expect(200))).toBe(1);
    expect(await lastSeen()).toBe(true);
  });

  it('are written down as seen by whoever comes first, and nobody waits for that', async () => {
    await seenAgo(FIVE_MINUTES);
    const holder = new pg.Client({ connectionString: app.test.database.url() });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query('select from sessions where id = $1 for no key update', [first.session_id]);
      await api.get('/me').expect(200);
      expect(await lastSeen()).toBe(false);
    } finally {
      await holder.end();
    }
    await Promise.all(Array.from({ length: 10 }, () => served(() => api.get('/me'))));
    expect(await lastSeen()).toBe(true);
  });
});
