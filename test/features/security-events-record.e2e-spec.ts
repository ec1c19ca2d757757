import type { Test } from 'supertest';
import { KeyedHash } from '../../src/core/crypto/index.ts';
import { securityActions } from '../../src/features/users/security-actions.ts';
import { AuthApp, PASSWORD, type SignedIn, type Tokens } from '../support/auth.ts';
import type { Client } from '../support/client.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';
import { RECOVERY_CODE, TestFactor } from '../support/second-factor.ts';

const AGENT = 'Flows/1.0';
const UNKNOWN = 'A'.repeat(43);
const NEXT = 'another correct horse';

/** What an event tells, but for when and by which request: the same for every flow. */
interface Recorded {
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  /** The session that it happened to. */
  readonly session?: string;
  /** The one that was called from. */
  readonly caller?: string;
  /** Nobody's log: no user has the address. */
  readonly nobodys?: boolean;
  /** It is known who calls. */
  readonly own?: boolean;
}

/** A call, whose request has an id of its own, and what it is expected to have recorded. */
interface Flow {
  readonly call: Test;
  /** The address that it is about. */
  readonly email: string;
  /** The address of whose log it is in, where that is another one. */
  readonly of?: string;
  readonly events: (body: Tokens) => readonly Recorded[];
}

type Prepare = (app: AuthApp) => Promise<Flow>;

const failed = (action: string, more: Partial<Recorded> = {}): Recorded => ({ action, outcome: 'failure', ...more });
const done = (action: string, more: Partial<Recorded> = {}): Recorded => ({ action, outcome: 'success', ...more });
const own = { own: true };
const signedIn = ({ session_id: session }: Tokens) => done('auth.signed_in', { ...own, session });

/** A person who has come in, with what they know of themselves. */
async function known(app: AuthApp): Promise<{ email: string; tokens: SignedIn; api: (path: string) => Test }> {
  const email = app.newAddress();
  const tokens = await app.someone(email);
  return { email, tokens, api: (path) => app.test.anonymous.as(tokens.access_token).post(path) };
}

async function suspended(app: AuthApp): Promise<string> {
  const { email } = await known(app);
  await app.test.database.query('update users set suspended_at = now() where email_key = $1', [email]);
  return email;
}

/** A person who has asked for another address. @returns that, with the token that it was sent */
async function movingTo(app: AuthApp): Promise<{ email: string; from: string; token: string }> {
  const { email: from, tokens } = await known(app);
  const email = app.newAddress();
  await app.changeEmail(tokens.access_token, { email }).expect(202);
  return { email, from, token: await app.mailedToken(email) };
}

/** A person with a second factor. */
async function withFactor(app: AuthApp): Promise<{ email: string; tokens: Tokens; api: Client; factor: TestFactor }> {
  const { email, tokens } = await known(app);
  const api = app.test.anonymous.as(tokens.access_token);
  return { email, tokens, api, factor: await TestFactor.active(app.test, { api, userId: tokens.userId }) };
}

/** A person who is asked for a code. */
async function challenged(app: AuthApp): Promise<{ email: string; mfaToken: string; factor: TestFactor }> {
  const { email, factor } = await withFactor(app);
  const { body } = await app.login(email, PASSWORD).expect(200);
  return { email, mfaToken: body.mfa_token, factor };
}

const flows: Record<string, Prepare> = {
  'a registration of a new address': async (app) => {
    const email = app.newAddress();
    const call = app.post('/auth/register', { email, name: 'Ada' });
    return { call, email, events: () => [done('auth.registration_requested', { nobodys: true })] };
  },
  'a registration of a known address, in capitals': async (app) => {
    const { email } = await known(app);
    const call = app.post('/auth/register', { email: email.toUpperCase(), name: 'Ada' });
    return { call, email, events: () => [done('auth.registration_requested')] };
  },
  'a verified address': async (app) => {
    const email = app.newAddress();
    const call = app.verify(await app.register(email), PASSWORD);
    return { call, email, events: (tokens) => [done('auth.registered', own), signedIn(tokens)] };
  },
  'a link that was used before': async (app) => {
    const email = app.newAddress();
    const token = await app.register(email);
    await app.verify(token).expect(200);
    return { call: app.verify(token), email, events: () => [failed('auth.link_refused')] };
  },
  'a link that has expired, of an address that nobody has': async (app) => {
    const email = app.newAddress();
    const token = await app.register(email);
    await app.test.database.query('update email_tokens set expires_at = now() where email_key = $1', [email]);
    return { call: app.verify(token), email, events: () => [failed('auth.link_refused', { nobodys: true })] };
  },
  'a link that nobody was sent, which tell nothing': async (app) => ({
    call: app.verify(UNKNOWN),
    email: app.newAddress(),
    events: () => [],
  }),
  'a magic link for a known address': async (app) => {
    const { email } = await known(app);
    const call = app.post('/auth/magic-links', { email });
    return { call, email, events: () => [done('auth.magic_link_requested')] };
  },
  'a magic link for a new address': async (app) => {
    const email = app.newAddress();
    const call = app.post('/auth/magic-links', { email });
    return { call, email, events: () => [done('auth.magic_link_requested', { nobodys: true })] };
  },
  'a magic link that nobody was sent, which tell nothing': async (app) => ({
    call: app.signInByLink(UNKNOWN),
    email: app.newAddress(),
    events: () => [],
  }),
  'a reset link that nobody was sent, which tell nothing': async (app) => ({
    call: app.reset(UNKNOWN, NEXT),
    email: app.newAddress(),
    events: () => [],
  }),
  'a sign-in by magic link': async (app) => {
    const { email } = await known(app);
    const call = app.signInByLink(await app.magicLink(email));
    return { call, email, events: (tokens) => [signedIn(tokens)] };
  },
  'a first sign-in by magic link': async (app) => {
    const email = app.newAddress();
    const call = app.signInByLink(await app.magicLink(email));
    return { call, email, events: (tokens) => [done('auth.registered', own), signedIn(tokens)] };
  },
  'a magic link of somebody who is suspended': async (app) => {
    const { email } = await known(app);
    const token = await app.magicLink(email);
    await app.test.database.query('update users set suspended_at = now() where email_key = $1', [email]);
    return { call: app.signInByLink(token), email, events: () => [failed('auth.link_refused')] };
  },
  'a sign-in by password': async (app) => {
    const { email } = await known(app);
    return { call: app.login(email.toUpperCase(), PASSWORD), email, events: (tokens) => [signedIn(tokens)] };
  },
  'a wrong password': async (app) => {
    const { email } = await known(app);
    return { call: app.login(email, NEXT), email, events: () => [failed('auth.sign_in_failed')] };
  },
  'a password for an unknown address': async (app) => {
    const email = app.newAddress();
    return { call: app.login(email, NEXT), email, events: () => [failed('auth.sign_in_failed', { nobodys: true })] };
  },
  'the right password of somebody who is suspended': async (app) => {
    const email = await suspended(app);
    return { call: app.login(email, PASSWORD), email, events: () => [failed('auth.sign_in_failed')] };
  },
  'a refresh token that was spent before': async (app) => {
    const { email, tokens } = await known(app);
    await app.refresh(tokens.refresh_token, 'another').expect(200);
    const event = failed('auth.token_reused', { ...own, session: tokens.session_id });
    return { call: app.post('/auth/refresh', { refresh_token: tokens.refresh_token }), email, events: () => [event] };
  },
  'a forgotten password': async (app) => {
    const { email } = await known(app);
    const call = app.post('/auth/password/forgot', { email });
    return { call, email, events: () => [done('auth.password_reset_requested')] };
  },
  'a forgotten password of an unknown address': async (app) => {
    const email = app.newAddress();
    const call = app.post('/auth/password/forgot', { email });
    return { call, email, events: () => [done('auth.password_reset_requested', { nobodys: true })] };
  },
  'a password that is set by a link': async (app) => {
    const { email, tokens } = await known(app);
    const call = app.reset(await app.resetLink(email), NEXT);
    const ended = done('auth.session_ended', { ...own, session: tokens.session_id });
    return { call, email, events: () => [done('user.password_changed', own), ended] };
  },
  'a link to set a password that was used before': async (app) => {
    const { email } = await known(app);
    const token = await app.resetLink(email);
    await app.reset(token, NEXT).expect(204);
    return { call: app.reset(token, NEXT), email, events: () => [failed('auth.link_refused')] };
  },
  'a password that is changed': async (app) => {
    const { email, tokens } = await known(app);
    const { body: other } = await app.login(email, PASSWORD).expect(200);
    const caller = tokens.session_id;
    const ended = done('auth.session_ended', { ...own, caller, session: other.session_id });
    const call = app.changePassword(tokens.access_token, { current_password: PASSWORD, new_password: NEXT });
    return { call, email, events: () => [done('user.password_changed', { ...own, caller }), ended] };
  },
  'a change of password by a wrong one': async (app) => {
    const { email, tokens } = await known(app);
    const call = app.changePassword(tokens.access_token, { current_password: NEXT, new_password: NEXT });
    return {
      call,
      email,
      events: () => [failed('user.password_change_failed', { ...own, caller: tokens.session_id })],
    };
  },
  'a password that steps up': async (app) => {
    const { email, tokens, api } = await known(app);
    const session = tokens.session_id;
    const event = done('auth.stepped_up', { ...own, caller: session, session });
    return { call: api('/auth/step-up').send({ password: PASSWORD }), email, events: () => [event] };
  },
  'a wrong password to step up': async (app) => {
    const { email, tokens, api } = await known(app);
    const event = failed('auth.step_up_failed', { ...own, caller: tokens.session_id });
    return { call: api('/auth/step-up').send({ password: NEXT }), email, events: () => [event] };
  },
  'a change of address that is asked for': async (app) => {
    const { email, tokens } = await known(app);
    const event = done('user.email_change_requested', { ...own, caller: tokens.session_id });
    return { call: app.changeEmail(tokens.access_token, { email: app.newAddress() }), email, events: () => [event] };
  },
  'a change of address by a wrong password': async (app) => {
    const { email, tokens } = await known(app);
    const call = app.changeEmail(tokens.access_token, { email: app.newAddress(), password: NEXT });
    return { call, email, events: () => [failed('user.email_change_failed', { ...own, caller: tokens.session_id })] };
  },
  'an address that has become another one': async (app) => {
    const { email, token } = await movingTo(app);
    return { call: app.verify(token), email, events: () => [done('user.email_changed', own)] };
  },
  'a link for a change of address that was used before': async (app) => {
    const { email, token } = await movingTo(app);
    await app.verify(token).expect(204);
    return { call: app.verify(token), email, events: () => [failed('auth.link_refused')] };
  },
  'a link for a change of address that is void': async (app) => {
    const { email, token, from } = await movingTo(app);
    await app.test.database.query(
      'update sessions s set ended_at = now() from users u where u.id = s.user_id and u.email_key = $1',
      [from],
    );
    return { call: app.verify(token), email, of: from, events: () => [failed('auth.link_refused')] };
  },
  'a second factor that is set up': async (app) => {
    const { email, tokens } = await known(app);
    const api = app.test.anonymous.as(tokens.access_token);
    const factor = await TestFactor.enroll(app.test, api);
    const event = done('user.mfa_enabled', { ...own, caller: tokens.session_id });
    return { call: api.post('/me/mfa/totp/activate', { code: factor.code() }), email, events: () => [event] };
  },
  'a wrong code of a second factor': async (app) => {
    const { email, tokens } = await known(app);
    const api = app.test.anonymous.as(tokens.access_token);
    await TestFactor.enroll(app.test, api);
    const event = failed('auth.mfa_failed', { ...own, caller: tokens.session_id });
    return { call: api.post('/me/mfa/totp/activate', { code: '000000' }), email, events: () => [event] };
  },
  'new recovery codes, by one of the old ones': async (app) => {
    const { email, tokens, api } = await withFactor(app);
    const by = { ...own, caller: tokens.session_id };
    const events = [done('user.recovery_code_used', by), done('user.recovery_codes_replaced', by)];
    return { call: api.post('/me/mfa/recovery-codes', { code: RECOVERY_CODE }), email, events: () => events };
  },
  'a second factor that is taken away': async (app) => {
    const { email, tokens, api, factor } = await withFactor(app);
    const event = done('user.mfa_disabled', { ...own, caller: tokens.session_id });
    return { call: api.delete('/me/mfa/totp').send({ code: factor.code() }), email, events: () => [event] };
  },
  'a password that is not enough': async (app) => {
    const { email } = await withFactor(app);
    return { call: app.login(email, PASSWORD), email, events: () => [done('auth.mfa_challenged')] };
  },
  'a code that signs in': async (app) => {
    const { email, mfaToken, factor } = await challenged(app);
    const call = app.post('/auth/mfa/verify', { mfa_token: mfaToken, code: factor.code() });
    return { call, email, events: (tokens) => [signedIn(tokens)] };
  },
  'a wrong code to sign in': async (app) => {
    const { email, mfaToken } = await challenged(app);
    const call = app.post('/auth/mfa/verify', { mfa_token: mfaToken, code: '000000' });
    return { call, email, events: () => [failed('auth.mfa_failed')] };
  },
  'a code that comes too late': async (app) => {
    const { email, mfaToken, factor } = await challenged(app);
    await app.test.database.query('update mfa_challenges set expires_at = now()');
    const call = app.post('/auth/mfa/verify', { mfa_token: mfaToken, code: factor.code() });
    return { call, email, events: () => [failed('auth.mfa_refused')] };
  },
  'a token that nobody was given, which tell nothing': async (app) => ({
    call: app.post('/auth/mfa/verify', { mfa_token: UNKNOWN, code: '000000' }),
    email: app.newAddress(),
    events: () => [],
  }),
  'a refresh that goes well, which tell nothing': async (app) => {
    const { email, tokens } = await known(app);
    return { call: app.post('/auth/refresh', { refresh_token: tokens.refresh_token }), email, events: () => [] };
  },
  'a refresh token that nobody was given, which tell nothing': async (app) => ({
    call: app.post('/auth/refresh', { refresh_token: UNKNOWN }),
    email: app.newAddress(),
    events: () => [],
  }),
  'an account that is deleted': async (app) => {
    const { email, tokens } = await known(app);
    const event = done('user.deleted', { ...own, caller: tokens.session_id });
    return { call: app.test.anonymous.as(tokens.access_token).delete('/me'), email, events: () => [event] };
  },
  'a profile that is changed': async (app) => {
    const { email, tokens } = await known(app);
    const call = app.test.anonymous.as(tokens.access_token).patch('/me', { name: 'Grace' });
    return { call, email, events: () => [done('user.updated', { ...own, caller: tokens.session_id })] };
  },
  'a sign-out': async (app) => {
    const { email, tokens, api } = await known(app);
    const caller = tokens.session_id;
    const event = done('auth.signed_out', { ...own, caller, session: caller });
    return { call: api('/auth/logout'), email, events: () => [event] };
  },
  'the end of another session': async (app) => {
    const { email, tokens } = await known(app);
    const { body: other } = await app.login(email, PASSWORD).expect(200);
    const event = done('auth.session_ended', { ...own, caller: tokens.session_id, session: other.session_id });
    const call = app.test.anonymous.as(tokens.access_token).delete(`/auth/sessions/${other.session_id}`);
    return { call, email, events: () => [event] };
  },
  'the end of all other sessions': async (app) => {
    const { email, tokens } = await known(app);
    const ended = [await app.login(email, PASSWORD).expect(200), await app.login(email, PASSWORD).expect(200)];
    const events = ended.map(({ body }) =>
      done('auth.session_ended', { ...own, caller: tokens.session_id, session: body.session_id }),
    );
    const call = app.test.anonymous.as(tokens.access_token).delete('/auth/sessions');
    return { call, email, events: () => events };
  },
};

describe('the security events of a request', () => {
  let issuer: FakeIssuer;
  let app: AuthApp;
  beforeAll(async () => {
    issuer = await FakeIssuer.start();
    app = await AuthApp.start(issuer.environment);
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });

  const columns = `action, outcome, user_id, session_id, caller_session_id, anonymous, encode(address_hash, 'hex') as address,
    host(ip_address) as ip, user_agent, request_id`;
  const recordedBy = (requestId: string) =>
    app.test.database.query(`select ${columns} from security_events where request_id = $1`, [requestId]);
  const userOf = async (email: string) => {
    const [user] = await app.test.database.query('select id from users where email_key = $1', [email]);
    return user?.['id'] ?? null;
  };
  const hashOf = (email: string) =>
    app.test.nest.get(KeyedHash, { strict: false }).digest('email_address', email).toString('hex');

  it.each(Object.entries(flows))('of %s', async (name, prepare) => {
    const { call, email, of = email, events } = await prepare(app);
    const before = await userOf(of);
    const requestId = `flow-${Object.keys(flows).indexOf(name)}`;
    const { body } = await call.set('user-agent', AGENT).set('x-request-id', requestId);
    const userId = before ?? (await userOf(of));
    const recorded = await recordedBy(requestId);
    const expected = events(body).map((event) => ({
      action: event.action,
      outcome: event.outcome,
      user_id: event.nobodys ? null : userId,
      session_id: event.session ?? null,
      caller_session_id: event.caller ?? null,
      anonymous: !event.own,
      address: hashOf(email),
      ip: '127.0.0.1',
      user_agent: AGENT,
      request_id: requestId,
    }));
    const inOrder = (list: readonly object[]) => list.map((event) => JSON.stringify(event)).toSorted();
    expect(inOrder(recorded)).toEqual(inOrder(expected));
  });

  describe('with a token of an outside issuer', () => {
    const eventsOf = (email: string) =>
      app.test.database.query(
        `select action, outcome, user_id from security_events where address_hash = decode($1, 'hex') order by id`,
        [hashOf(email)],
      );
    const refused = (userId: string | null) => ({ action: 'auth.sign_in_failed', outcome: 'failure', user_id: userId });

    it('tell of its first sight, and not of later ones', async () => {
      const { email } = await known(app);
      const token = issuer.token(email);
      const before = await eventsOf(email);
      for (let request = 1; request <= 3; request += 1) await app.me(token).expect(200);
      const since = (await eventsOf(email)).slice(before.length);
      expect(since).toEqual([{ action: 'auth.signed_in', outcome: 'success', user_id: await userOf(email) }]);
    });

    it('tell of one for an address that nobody has, once a minute', async () => {
      const email = app.newAddress();
      const token = issuer.token(email);
      await Promise.all(Array.from({ length: 20 }, () => app.me(token).expect(401)));
      expect(await eventsOf(email)).toEqual([refused(null)]);
      app.test.clock.advance(120_000);
      await app.me(issuer.token(email)).expect(401);
      expect(await eventsOf(email)).toEqual([refused(null), refused(null)]);
    });

    it('tell of one for somebody who is suspended, in their log', async () => {
      const email = await suspended(app);
      await app.me(issuer.token(email)).expect(401);
      expect((await eventsOf(email)).at(-1)).toEqual(refused(await userOf(email)));
    });

    it('tell nothing of one that proves no address', async () => {
      const { email } = await known(app);
      const before = await eventsOf(email);
      await app.me(issuer.token(email, { email_verified: false })).expect(401);
      await app.me(`${issuer.token(email)}x`).expect(401);
      expect(await eventsOf(email)).toEqual(before);
    });
  });

  it('tell nothing that the document does not list', async () => {
    const rows = await app.test.database.query('select distinct action from security_events');
    expect(securityActions).toEqual(expect.arrayContaining(rows.map(({ action }) => action)));
  });

  it('tell no address, name, password or token', async () => {
    const [events] = await app.test.database.query(`select string_agg(e::text, ' ') as text from security_events e`);
    expect(events!['text']).not.toMatch(/@|example|Ada|horse|AAAA/);
  });
});
