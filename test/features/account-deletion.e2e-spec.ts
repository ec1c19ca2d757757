import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { Config } from '../../src/config/index.ts';
import type { Organization } from '../support/actors.ts';
import { codeOf } from '../support/answers.ts';
import { AuthApp, PASSWORD, type SignedIn } from '../support/auth.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';
import { served } from '../support/served.ts';
import { until } from '../support/until.ts';

const NAME = 'Augusta Ada Byron';
const PHONE = '+4915199887755';
const PICTURE = 'https://pictures.example/augusta.png';

describe('an account that its owner deletes', () => {
  let app: AuthApp;
  let issuer: FakeIssuer;
  let email: string;
  let tokens: SignedIn;
  let userId: string;

  beforeAll(async () => {
    issuer = await FakeIssuer.start();
    app = await AuthApp.start({ ...issuer.environment });
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });
  beforeEach(async () => {
    email = app.newAddress();
    tokens = await app.someone(email);
    userId = tokens.userId;
  });

  const remove = (accessToken = tokens.access_token) => app.test.anonymous.as(accessToken).delete('/me');

  const query = (text: string, ...values: unknown[]) => app.test.database.query(text, values);

  const found = async (organizationId: string, memberOf = userId) =>
    query('select id, status from members where organization_id = $1 and user_id = $2', organizationId, memberOf);

  const join = async ({ id }: Organization, role: string, status = 'active'): Promise<string> => {
    const memberId = uuid();
    await query(
      'insert into members (organization_id, id, user_id, status) values ($1, $2, $3, $4)',
      id,
      memberId,
      userId,
      status,
    );
    await query(
      `insert into member_roles select organization_id, $2, id from roles where organization_id = $1 and scope = 'organization' and key = $3`,
      id,
      memberId,
      role,
    );
    return memberId;
  };

  const api = () => app.test.anonymous.as(tokens.access_token);

  it('is gone: no body, the owner told, the log and the row keep an id', async () => {
    const answer = await remove().expect(204);
    expect([answer.text, answer.headers['set-cookie']]).toEqual(['', undefined]);
    expect((await app.test.mailsTo(email))[0]!.subject).toBe('Your account was deleted');
    const [row] = await query('select * from users where id = $1', userId);
    expect(row).toMatchObject({
      name: 'deleted user',
      email: null,
      email_key: null,
      avatar_url: null,
      phone: null,
      deleted_at: expect.any(Date),
      suspended_at: expect.any(Date),
    });
    const events = await query(
      'select action, address_hash from security_events where user_id = $1 order by id',
      userId,
    );
    expect(events.at(-1)).toEqual({ action: 'user.deleted', address_hash: expect.any(Buffer) });
  });

  it('leaves nothing in the database that tells who it was', async () => {
    email = app.newAddress();
    const { body } = await app.verify(await app.register(email, NAME), PASSWORD).expect(200);
    tokens = body;
    userId = (await app.me(tokens.access_token).expect(200)).body.id;
    await api().patch('/me', { phone: PHONE, avatar_url: PICTURE }).expect(200);
    await api().post('/organizations', { name: 'Kept' }).set('idempotency-key', 'kept').expect(201);
    const [{ organization_id } = {}] = await query('select organization_id from members where user_id = $1', userId);
    await app.test.actors.member({ id: organization_id }, ['owner']);
    await app.magicLink(email, 2);
    await app.resetLink(email, 3);
    await app.changeEmail(tokens.access_token, { email: app.newAddress() }).expect(202);
    await app.refresh(tokens.refresh_token).expect(200);

    await remove().expect(204);
    await app.test.mailsTo(email, 5);

    const tables = await query(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of tables) {
      const [{ text } = {}] = await query(`select coalesce(string_agg(t::text, E'\\n'), '') as text from ${name} t`);
      for (const trace of [email, NAME, PHONE, PICTURE]) expect(text).not.toContain(trace);
    }
  });

  /** What stays of somebody, and why. */
  const STAYS: Readonly<Record<string, string>> = {
    members: 'what happened in an organisation names its members',
    security_events: 'what happened outlives the account',
    user_keys: 'a key that was destroyed tells what is forgotten from what is lost',
  };

  it('leaves no row with its id but those that have to stay, whatever tables there are', async () => {
    await api().patch('/me', { phone: PHONE }).expect(200);
    await api().post('/organizations', { name: 'Kept' }).set('idempotency-key', 'kept').expect(201);
    const [{ organization_id } = {}] = await query('select organization_id from members where user_id = $1', userId);
    await app.test.actors.member({ id: organization_id }, ['owner']);
    await app.changeEmail(tokens.access_token, { email: app.newAddress() }).expect(202);
    await query(`insert into recovery_codes (user_id, number, hash) values ($1, 0, '$argon2id$')`, userId);
    await query('insert into second_factor_failures values ($1, 1, now(), now())', userId);
    await query(
      `insert into mfa_challenges (hash, user_id, method, expires_at) values (sha256($2::text::bytea), $1, 'pwd', now())`,
      userId,
      userId,
    );
    await query('insert into totp_secrets (user_id, secret) select id, phone from users where id = $1', userId);
    const holders = async (): Promise<string[]> => {
      const tables = await query(
        `select table_name as name from information_schema.columns
           where table_schema = 'public' and column_name = 'user_id' order by 1`,
      );
      const counts = await Promise.all(
        tables.map(async ({ name }) => [name, (await query(`select from ${name} where user_id = $1`, userId)).length]),
      );
      return counts.flatMap(([name, count]) => (count > 0 ? [name] : []));
    };
    expect(await holders()).toEqual([
      'email_tokens',
      'kept_answers',
      'members',
      'mfa_challenges',
      'passwords',
      'recovery_codes',
      'refresh_tokens',
      'second_factor_failures',
      'security_events',
      'sessions',
      'totp_secrets',
      'user_keys',
    ]);
    await remove().expect(204);
    expect(await holders()).toEqual(Object.keys(STAYS));
    const keys = await query('select wrapped_key, destroyed_at from user_keys where user_id = $1', userId);
    expect(keys).toEqual([{ wrapped_key: null, destroyed_at: expect.any(Date) }]);
  });

  it('ends every session at once, and none is refreshed', async () => {
    const { body: second } = await app.login(email, PASSWORD).expect(200);
    await remove().expect(204);
    for (const { access_token, refresh_token } of [tokens, second]) {
      expect(codeOf(await app.me(access_token))).toBe('401 unauthenticated');
      expect(codeOf(await app.refresh(refresh_token))).toBe('401 unauthenticated');
    }
    expect(codeOf(await remove())).toBe('401 unauthenticated');
  });

  it('has no way in any more, by any link that was sent before', async () => {
    const links = { magic: await app.magicLink(email), reset: await app.resetLink(email, 2) };
    await app.changeEmail(tokens.access_token, { email: 'elsewhere@example.com' }).expect(202);
    const change = await app.mailedToken('elsewhere@example.com');
    await remove().expect(204);
    expect(codeOf(await app.login(email, PASSWORD))).toBe('401 invalid_credentials');
    expect(codeOf(await app.signInByLink(links.magic))).toBe('410 token_used');
    expect(codeOf(await app.reset(links.reset, PASSWORD))).toBe('410 token_used');
    expect(codeOf(await app.verify(change))).toBe('410 token_used');
    expect(codeOf(await app.me(issuer.token(email)))).toBe('401 unauthenticated');
    const before = (await app.test.mailsTo(email, 4)).length;
    await app.post('/auth/password/forgot', { email }).expect(202);
    await app.post('/auth/register', { email, name: 'Grace' }).expect(202);
    const mails = await app.test.mailsTo(email, before + 1);
    expect(mails.map(({ subject }) => subject).filter((subject) => subject === 'Set another password')).toHaveLength(1);
  });

  it('has no way in by a second factor that was asked for before', async () => {
    const factor = await TestFactor.active(app.test, { api: api(), userId });
    const { body } = await app.login(email, PASSWORD).expect(200);
    const code = factor.code();
    await remove().expect(204);
    for (const each of [code, RECOVERY_CODE]) {
      const answer = await app.post('/auth/mfa/verify', { mfa_token: body.mfa_token, code: each });
      expect(codeOf(answer)).toBe('401 invalid_credentials');
    }
  });

  it('frees its address for a new one, who is somebody else', async () => {
    const { id } = (await api().post('/organizations', { name: 'Shared' }).expect(201)).body;
    await app.test.actors.member({ id }, ['owner']);
    await remove().expect(204);
    await app.post('/auth/register', { email, name: 'Grace' }).expect(202);
    const { body } = await app.verify(await app.mailedToken(email, 2), PASSWORD).expect(200);
    const heir = app.test.anonymous.as(body.access_token);
    const profile = (await heir.get('/me').expect(200)).body;
    expect(profile).toMatchObject({ email, name: 'Grace', phone: null });
    expect(profile.id).not.toBe(userId);
    expect((await heir.get('/organizations').expect(200)).body.data).toEqual([]);
    await heir.get(`/organizations/${id}`).expect(404);
  });

  it('leaves every organisation, with an event in the log of each', async () => {
    const [one, two, third] = await Promise.all([
      app.test.actors.organization(),
      app.test.actors.organization(),
      app.test.actors.organization(),
    ]);
    const memberIds = [await join(one, 'member'), await join(two, 'owner'), await join(third, 'admin', 'suspended')];
    await remove().set('user-agent', 'leaving').expect(204);
    const held = [
      ['active', 'member'],
      ['active', 'owner'],
      ['suspended', 'admin'],
    ] as const;
    for (const [index, { id }] of [one, two, third].entries()) {
      const memberId = memberIds[index]!;
      expect(await found(id)).toEqual([{ id: memberId, status: 'removed' }]);
      expect(await query('select from member_roles where member_id = $1', memberId)).toEqual([]);
      const [from, role] = held[index]!;
      const left = await query(`select * from audit_events where organization_id = $1 and action = 'member.left'`, id);
      expect(left).toEqual([
        expect.objectContaining({
          outcome: 'success',
          actor_type: 'user',
          actor_id: userId,
          actor_member_id: memberId,
          target_type: 'member',
          target_id: memberId,
          changes: { status: { from, to: 'removed' }, roles: { from: [role], to: [] } },
          user_agent: 'leaving',
          session_id: tokens.session_id,
        }),
      ]);
    }
    expect((await one.owner.api.get(`/organizations/${one.id}`).expect(200)).body.counts.members).toBe(1);
  });

  it('stays while an organisation would have no active owner left, which is named with what to do', async () => {
    const body = { name: 'Mine', slug: `mine-${uuid().slice(-12)}` };
    const { id } = (await api().post('/organizations', body).expect(201)).body;
    const others = await app.test.actors.organization();
    await join(others, 'member');
    const inactive = await app.test.actors.member({ id }, ['owner'], 'suspended');
    await app.test.actors.member({ id }, ['owner'], 'removed');
    await app.test.actors.member({ id }, ['admin']);

    const refused = await app.test.changingNothing(() => remove());
    expect(codeOf(refused)).toBe('409 last_owner');
    expect(refused.body.detail).toContain(body.slug);
    expect(refused.body.detail).not.toContain(others.slug);
    expect(refused.body.organizations).toEqual([{ id, name: 'Mine', slug: body.slug }]);

    await query(`update members set status = 'active' where id = $1`, inactive.memberId);
    await remove().expect(204);
  });

  it('names a few of many organisations that keep it', async () => {
    for (let count = 0; count < 7; count++) await api().post('/organizations', { name: 'Mine' }).expect(201);
    const { body } = await remove().expect(409);
    expect(body.organizations).toHaveLength(5);
    expect(body.detail).toMatch(/^You are the only active owner of (mine[\w-]*, ){4}mine[\w-]* and 2 more\. /);
  });

  it('does not stay for an organisation that is deleted', async () => {
    const { id } = (await api().post('/organizations', { name: 'Over' }).expect(201)).body;
    await query('update organizations set deleted_at = now() where id = $1', id);
    await remove().expect(204);
    expect(await found(id)).toEqual([expect.objectContaining({ status: 'removed' })]);
  });

  it('is compared with its version, which is told before who owns what', async () => {
    await api().post('/organizations', { name: 'Mine' }).expect(201);
    await api().patch('/me', { name: 'Grace' }).expect(200);
    expect(codeOf(await remove().set('if-match', '"1.x"'))).toBe('412 precondition_failed');
    expect(codeOf(await remove().set('if-match', '"2.x"'))).toBe('409 last_owner');
  });

  it('has its cookies cleared where it is signed in by them', async () => {
    const { origin } = new URL(app.test.nest.get(Config).apiUrl);
    const cookie = `__Host-tenantry_access=${tokens.access_token}`;
    const byCookie = () => app.test.anonymous.delete('/me').set('cookie', cookie);
    expect(codeOf(await byCookie().set('origin', 'https://evil.example'))).toBe('403 csrf_failed');
    const { headers } = await byCookie().set('origin', origin).expect(204);
    const cleared = [headers['set-cookie']].flat().map((line) => /^([^=]+)=;.*(Max-Age=0)/.exec(line ?? '')?.slice(1));
    expect(cleared).toEqual([
      ['__Host-tenantry_access', 'Max-Age=0'],
      ['__Secure-tenantry_refresh', 'Max-Age=0'],
    ]);
  });

  it('can not be suspended no longer, nor called otherwise', async () => {
    await remove().expect(204);
    for (const change of ['suspended_at = null', `name = 'Ada'`, `email = 'a@b.example', email_key = 'a@b.example'`]) {
      await expect(query(`update users set ${change} where id = $1`, userId)).rejects.toThrow('users_deleted_check');
    }
  });

  it('is found by indexes, however much of it is of one other account', async () => {
    const THEIRS = 20_000;
    await query(
      `insert into email_tokens (hash, purpose, email, email_key, expires_at, due, user_id, session_id, previous_email_key)
         select sha256(n::text::bytea), 'change_email', 'b@example.com', 'b@example.com', now(), false, $1, $1, 'c@example.com'
           from generate_series(1, $2::integer) as n`,
      uuid(),
      THEIRS,
    );
    await query('analyze email_tokens');
    const client = new pg.Client({ connectionString: app.test.database.url() });
    await client.connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('app.user_id', $1, true)`, [userId]);
      await client.query('select app.erase_user()');
      const { rows } = await client.query(
        `select seq_scan from pg_stat_xact_user_tables where relname = 'email_tokens'`,
      );
      expect(rows).toEqual([{ seq_scan: '0' }]);
    } finally {
      await client.query('rollback');
      await client.end();
      await query('delete from email_tokens');
    }
  });

  it('erases nobody who is in an organization still, whoever asks the database for it', async () => {
    await join(await app.test.actors.organization(), 'member');
    const server = new pg.Client({ connectionString: app.test.database.url('tenantry_app') });
    await server.connect();
    try {
      await server.query(`select set_config('app.user_id', $1, false)`, [userId]);
      await expect(server.query('select app.erase_user()')).rejects.toThrow('members of organizations are not erased');
    } finally {
      await server.end();
    }
  });

  it('keeps no answer of a call that ends after it', async () => {
    const keep = `select app.keep_answer(sha256('key'), sha256('content'), 'answer')
      from (select set_config('app.user_id', $1, true) offset 0) as scope`;
    const kept = () => query('select from kept_answers where user_id = $1', userId);
    await query(keep, userId);
    expect(await kept()).toHaveLength(1);
    await remove().expect(204);
    await query(keep, userId);
    expect(await kept()).toEqual([]);
  });

  describe('at the same moment as', () => {
    const ROUNDS_OF_REFRESH = 4;

    it('a client that goes on refreshing, one after the other and many at once', async () => {
      for (let round = 0; round < ROUNDS_OF_REFRESH; round++) {
        const person = await app.person();
        let isGone = false;
        const goOn = async (): Promise<void> => {
          let { refresh_token } = person;
          while (!isGone) {
            const { status, body } = await app.refresh(refresh_token);
            if (status === 200) ({ refresh_token } = body);
          }
        };
        const clients = Array.from({ length: 9 }, () => goOn());
        for (let step = 0; step < round; step++) await app.me(person.access_token);
        const { status } = await served(() => remove(person.access_token));
        isGone = true;
        await Promise.all(clients);
        expect(status).toBe(204);
      }
    });

    it('a refresh that has begun: that gets done first', async () => {
      const clients = [1, 2].map(() => new pg.Client({ connectionString: app.test.database.url() }));
      const [refreshing, deleting] = clients as [pg.Client, pg.Client];
      try {
        for (const client of clients) await client.connect();
        await refreshing.query('begin');
        await refreshing.query('update sessions set last_seen_at = now() where user_id = $1', [userId]);
        await deleting.query('begin');
        await deleting.query(`select set_config('app.user_id', $1, true)`, [userId]);
        const deletion = deleting.query('select app.erase_user()').then(() => deleting.query('commit'));
        const waiting = `select from pg_stat_activity where query = 'select app.erase_user()' and wait_event_type = 'Lock'`;
        await until(async () => (await query(waiting)).length === 1);
        await refreshing.query('update refresh_tokens set spent_at = now() where user_id = $1', [userId]);
        await refreshing.query('commit');
        await deletion;
        expect(await query('select from refresh_tokens where user_id = $1', userId)).toEqual([]);
      } finally {
        for (const client of clients) await client.end();
      }
    });

    it('calls whose answers are kept: none is', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const person = await app.test.actors.user();
        const calls = Array.from({ length: 8 }, (_, index) =>
          served(() => person.api.post('/organizations', { name: '' }).set('idempotency-key', `${index}`)),
        );
        const deleted = await served(() => person.api.delete('/me'));
        await Promise.all(calls);
        expect(deleted.status).toBe(204);
        expect(await query('select from kept_answers where user_id = $1', person.userId)).toEqual([]);
      }
    });

    const ROUNDS = 5;

    it('20 more of the same: one gets through', async () => {
      const organization = await app.test.actors.organization();
      await join(organization, 'owner');
      const answers = await Promise.all(Array.from({ length: 20 }, () => served(() => remove())));
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses).toEqual([204, ...Array.from({ length: 19 }, () => 401)]);
      const left = `select from audit_events where organization_id = $1 and action = 'member.left'`;
      expect(await query(left, organization.id)).toHaveLength(1);
    });

    it('the other owners of the same organisations: one of them stays', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const [one, two] = await Promise.all([app.test.actors.organization(), app.test.actors.organization()]);
        await query(
          `with m as (insert into members (organization_id, user_id) values ($1, $2), ($3, $4) returning organization_id, id)
           insert into member_roles select m.organization_id, m.id, r.id from m join roles r using (organization_id)
             where r.key = 'owner'`,
          one.id,
          two.owner.userId,
          two.id,
          one.owner.userId,
        );
        const owners = [one.owner, two.owner];
        const answers = await Promise.all(owners.map(({ api: by }) => served(() => by.delete('/me'))));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
        for (const { id } of [one, two]) {
          const active = await query(`select from members where organization_id = $1 and status = 'active'`, id);
          expect(active).toHaveLength(1);
        }
      }
    });

    it('the founding of an organisation: there is none without an owner', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const founder = await app.test.actors.user();
        const [founded, deleted] = await Promise.all([
          served(() => founder.api.post('/organizations', { name: 'New' })),
          served(() => founder.api.delete('/me')),
        ]);
        expect([founded.status, deleted.status].toSorted()).toEqual(
          founded.status === 201 ? [201, expect.any(Number)] : [204, 401],
        );
        const members = await query(
          `select status from members where user_id = $1 and status <> 'removed'`,
          founder.userId,
        );
        expect(members).toHaveLength(deleted.status === 204 ? 0 : 1);
      }
    });

    it('signing in, another password, another phone and another address: nothing of it is left', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const address = app.newAddress();
        const person = await app.someone(address);
        const by = app.test.anonymous.as(person.access_token);
        const answers = await Promise.all(
          [
            () => app.login(address, PASSWORD),
            () => by.patch('/me', { phone: PHONE }),
            () => by.delete('/me'),
            () => by.send('put', '/me/password', { current_password: PASSWORD, new_password: 'battery staple' }),
            () => by.post('/me/email', { email: app.newAddress() }),
            () => app.refresh(person.refresh_token),
          ].map((call) => served(call)),
        );
        expect(answers[2]!.status).toBe(204);
        expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
        const [row] = await query(`select id from users where deleted_at is not null order by deleted_at desc limit 1`);
        for (const table of ['sessions', 'refresh_tokens', 'passwords', 'email_tokens']) {
          expect(await query(`select from ${table} where user_id = $1`, row!['id'])).toEqual([]);
        }
        const keys = await query('select from user_keys where user_id = $1 and destroyed_at is null', row!['id']);
        expect(keys).toEqual([]);
      }
    });

    it('a sign-in by a mailed link: whom it lets in is never the same person', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const address = app.newAddress();
        const person = await app.someone(address);
        const link = await app.magicLink(address);
        const [signedIn, deleted] = await Promise.all([
          served(() => app.signInByLink(link)),
          served(() => remove(person.access_token)),
        ]);
        expect(deleted.status).toBe(204);
        expect([200, 410]).toContain(signedIn.status);
        if (signedIn.status === 410) continue;
        const after = await app.me(signedIn.body.access_token);
        expect(after.status === 401 || after.body.id !== person.userId).toBe(true);
      }
    });
  });
});
