import { Database, Scope, type Statement } from '../../src/core/database/index.ts';
import type { Actor } from '../support/actors.ts';
import { AuthApp, PASSWORD, type Tokens } from '../support/auth.ts';
import type { Client } from '../support/client.ts';

const PATH = '/me/security-events';

interface Listed {
  readonly id: string;
  readonly occurred_at: string;
  readonly action: string;
}

describe("a person's security events", () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  /** Signed in by password, after a wrong one and with another session that was ended. */
  async function wary(): Promise<{ email: string; userId: string; tokens: Tokens; ended: Tokens; api: Client }> {
    const email = app.newAddress();
    const ended = await app.person(email);
    await app.login(email, `${PASSWORD}!`).set('user-agent', 'Thief').expect(401);
    const { body: tokens } = await app.login(email, PASSWORD).expect(200);
    const api = app.test.anonymous.as(tokens.access_token);
    await api.patch('/me', { name: 'Grace', phone: '+4915112345678' }).set('x-request-id', 'renamed').expect(200);
    await api.delete(`/auth/sessions/${ended.session_id}`).expect(204);
    const { body } = await api.get('/me').expect(200);
    return { email, userId: body.id, tokens, ended, api };
  }

  const actions = async (api: Client, query = '') => {
    const { body } = await api.get(`${PATH}${query}`).expect(200);
    return body.data.map(({ action }: Listed) => action);
  };

  /** So many events of somebody, each a millisecond after the other. */
  const happen = (userId: string, count: number, action = 'auth.signed_in') =>
    app.test.database.query(
      `insert into security_events (user_id, action, outcome, occurred_at)
         select $1, $3, 'success', now() - make_interval(secs => n / 1000.0) from generate_series(1, $2) n`,
      [userId, count, action],
    );

  describe('are listed', () => {
    it('the newest first, as events of the audit trail are', async () => {
      const { userId, tokens, ended, api } = await wary();
      const { body } = await api.get(PATH).expect(200);
      expect(body.pagination).toEqual({ page_size: 20, next_cursor: null });
      expect(body.data.map(({ action }: Listed) => action)).toEqual([
        'auth.session_ended',
        'user.updated',
        'auth.signed_in',
        'auth.sign_in_failed',
        'auth.signed_in',
        'auth.registered',
      ]);
      const common = {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        sequence: null,
        outcome: 'success',
        actor: { type: 'user', id: userId, member_id: null },
        team_id: null,
        changes: {},
        metadata: {},
      };
      const context = { ip_address: '127.0.0.1', user_agent: null, request_id: expect.any(String) };
      expect(body.data.slice(0, 4)).toEqual([
        {
          ...common,
          action: 'auth.session_ended',
          target: { type: 'session', id: ended.session_id },
          context: { ...context, session_id: tokens.session_id },
        },
        {
          ...common,
          action: 'user.updated',
          target: { type: 'user', id: userId },
          changes: { name: { changed: true }, phone: { changed: true } },
          context: { ...context, request_id: 'renamed', session_id: tokens.session_id },
        },
        {
          ...common,
          action: 'auth.signed_in',
          target: { type: 'session', id: tokens.session_id },
          context: { ...context, session_id: tokens.session_id },
        },
        {
          ...common,
          action: 'auth.sign_in_failed',
          outcome: 'failure',
          actor: { type: 'anonymous', id: null, member_id: null },
          target: { type: 'user', id: userId },
          context: { ...context, user_agent: 'Thief', session_id: null },
        },
      ]);
    });

    it('to their person alone, in one round trip, and reading leaves no trace', async () => {
      const { api, email } = await wary();
      await app.login(app.newAddress(), PASSWORD).expect(401);
      const { api: other } = await wary();
      const ids = async (client: Client) => (await client.get(PATH).expect(200)).body.data.map(({ id }: Listed) => id);
      const [mine, theirs] = [await ids(api), await ids(other)];
      expect(mine.filter((id: string) => theirs.includes(id))).toEqual([]);
      expect(mine.toReversed()).toEqual((await app.eventsOf(email)).map(({ id }) => id));
      await app.test.changingNothing(async () => {
        expect(await app.test.roundTrips(() => api.get(PATH).expect(200))).toBe(1);
      });
    });

    it('with those of an attempt by somebody else on the address, and not of one before it had a user', async () => {
      const email = app.newAddress();
      await app.login(email, PASSWORD).expect(401);
      const { access_token } = await app.person(email);
      await app.post('/auth/magic-links', { email }).expect(202);
      const api = app.test.anonymous.as(access_token);
      expect(await actions(api)).toEqual(['auth.magic_link_requested', 'auth.signed_in', 'auth.registered']);
    });
  });

  describe('are chosen', () => {
    let api: Client;
    beforeAll(async () => void ({ api } = await wary()));

    it.each([
      ['action=user.updated', ['user.updated']],
      [
        'action=auth.*',
        ['auth.session_ended', 'auth.signed_in', 'auth.sign_in_failed', 'auth.signed_in', 'auth.registered'],
      ],
      ['action=user.*,auth.registered', ['user.updated', 'auth.registered']],
      ['action=user.updated&action=auth.sign_in_failed', ['user.updated', 'auth.sign_in_failed']],
      ['action=auth.signed_in&outcome=failure', []],
      ['action=auth.signed', []],
      ['action=aut_.*', []],
      ['outcome=failure', ['auth.sign_in_failed']],
      ['outcome=denied', []],
      ['outcome=failure,success&action=auth.sign_in_failed', ['auth.sign_in_failed']],
    ])('by %s', async (query, expected) => {
      expect(await actions(api, `?${query}`)).toEqual(expected);
    });

    it('by the time: from one on, and before another', async () => {
      const { body } = await api.get(PATH).expect(200);
      const { occurred_at } = body.data[2];
      expect(await actions(api, `?occurred_after=${occurred_at}`)).toEqual(await actions(api, '?page_size=3'));
      expect(await actions(api, `?occurred_before=${occurred_at}`)).toEqual((await actions(api)).slice(3));
    });

    it.each([
      'action=auth',
      'action=*',
      'action=auth.%25',
      'action=*.updated',
      'action=',
      'outcome=perhaps',
      'occurred_after=yesterday',
      'page=1',
      'sort=occurred_at',
      'user_id=1',
      'page_size=0',
      'page_size=101',
    ])('not by %s', async (query) => {
      const { body } = await api.get(`${PATH}?${query}`).expect(422);
      expect(body.errors).toEqual([expect.objectContaining({ parameter: query.split('=')[0] })]);
    });
  });

  describe('are read page by page', () => {
    let ada: Actor;
    beforeAll(async () => {
      ada = await app.test.actors.user();
      await happen(ada.userId, 50);
    });

    it('each once, whatever happens meanwhile, and back again', async () => {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: { data: Listed[]; pagination: { next_cursor: string | null } } = (
          await ada.api.get(`${PATH}?page_size=7${cursor && `&cursor=${cursor}`}`).expect(200)
        ).body;
        seen.push(...page.data.map(({ id }) => id));
        cursor = page.pagination.next_cursor;
        await app.test.database.query(
          `insert into security_events (user_id, action, outcome) values ($1, 'auth.signed_in', 'success')`,
          [ada.userId],
        );
      }
      const before = await app.test.database.query<{ id: string }>(
        `select id from security_events where user_id = $1 and occurred_at <= $2::timestamptz order by occurred_at desc, id desc`,
        [
          ada.userId,
          (await ada.api.get(`${PATH}?page_size=100`)).body.data.find(({ id }: Listed) => id === seen[0]).occurred_at,
        ],
      );
      expect(seen).toHaveLength(50);
      expect(new Set(seen).size).toBe(50);
      expect(seen.slice(1)).toEqual(before.map(({ id }) => id));
    });

    it('by a link to the next, and to none before the first', async () => {
      const { headers } = await ada.api.get(`${PATH}?page_size=2&action=auth.*`).expect(200);
      const [, next] = /<\/api\/v1([^>]+)>; rel="next"/.exec(headers['link']!)!;
      const second = await ada.api.get(next!).expect(200);
      expect(second.body.data).toHaveLength(2);
      const [, previous] = /<\/api\/v1([^>]+)>; rel="prev"/.exec(second.headers['link']!)!;
      expect((await ada.api.get(previous!).expect(200)).body.data).toHaveLength(2);
    });

    it('not by a cursor of somebody else, of other filters, or one that was edited', async () => {
      const { body } = await ada.api.get(`${PATH}?page_size=2`).expect(200);
      const cursor = body.pagination.next_cursor;
      const grace = await app.test.actors.user();
      await happen(grace.userId, 3);
      for (const [api, query] of [
        [grace.api, `cursor=${cursor}`],
        [ada.api, `cursor=${cursor}&outcome=success`],
        [ada.api, `cursor=A${cursor.slice(1)}`],
        [ada.api, 'cursor=x'],
      ] as const) {
        expect((await api.get(`${PATH}?${query}`).expect(400)).body.code).toBe('invalid_cursor');
      }
    });
  });

  it('are found by their index, however many others have', async () => {
    const database = app.test.nest.get(Database, { strict: false });
    const { api, userId } = await app.test.actors.user();
    await happen(userId, 2_000);
    for (let other = 0; other < 5; other += 1) await happen((await app.test.actors.user()).userId, 2_000);
    await app.test.database.query('analyze security_events');
    const sent: Statement[] = [];
    const query = database.query.bind(database);
    const spy = import.meta.jest.spyOn(database, 'query').mockImplementation(async (statement) => {
      sent.push({ text: statement.text, values: statement.values });
      return query(statement);
    });
    const { body } = await api.get(`${PATH}?outcome=success`).expect(200);
    await api.get(`${PATH}?cursor=${body.pagination.next_cursor}&outcome=success`).expect(200);
    spy.mockRestore();
    expect(sent).toHaveLength(2);
    for (const { text, values } of sent) {
      const plan = await database.inScope(Scope.user(userId), () =>
        database.query<{ 'QUERY PLAN': string }>({ text: `explain analyze ${text}`, values }),
      );
      const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
      // One row more than the page has, and not the log.
      expect(lines).toMatch(
        /Index Scan Backward using security_events_user_id_occurred_at_id_idx.*actual time=[\d.]+ rows=21/,
      );
      expect(lines).not.toMatch(/Seq Scan/);
    }
  });
});
