import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connected } from '../../prisma/engine/connection.ts';
import {
  type Answer,
  type Caller,
  type Command,
  findLimits,
  findOrganizations,
  findUser,
  removeSecondFactor,
  setLimit,
  suspendOrganization,
  suspendUser,
  unlock,
} from '../../prisma/operator/commands.ts';
import { masterKeys, secretKey } from '../../src/config/variables.ts';
import { KeyedHash, MasterKeys } from '../../src/core/crypto/index.ts';
import { AuthApp, PASSWORD, tokenIn } from '../support/auth.ts';
import { TestFactor } from '../support/second-factor.ts';
import type { TestApp } from '../support/app.ts';

const secret = randomBytes(32).toString('base64url');
const environment = { SECRET_KEY: secret, ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64url')}` };
const keys = {
  keyedHash: () => new KeyedHash(secretKey(secret)),
  masterKeys: () => new MasterKeys(masterKeys(environment.ENCRYPTION_KEYS)),
  language: 'de',
};
const caller: Caller = { calledBy: 'tess', reason: 'Asked for by telephone, ticket 4711' };

let auth: AuthApp;
let app: TestApp;

beforeAll(async () => {
  auth = await AuthApp.start(environment);
  app = auth.test;
});
afterAll(() => auth.stop());

const operate = (command: Command, target: string): Promise<Answer> =>
  connected(app.database.url('tenantry_operator'), (client) => command(client, caller, target, keys));

const lastCall = async () => (await app.database.query('select * from operator_calls order by id desc limit 1'))[0];

/** @returns who did what by the person's own log, newest first */
async function ownLog(token: string): Promise<string[]> {
  const { body } = await app.anonymous.as(token).get('/me/security-events').expect(200);
  return body.data.map(({ actor, action }: { actor: { type: string }; action: string }) => `${actor.type} ${action}`);
}

describe('an organisation', () => {
  it('is suspended for all its people at once, and reactivated, each once and with an event that names the call', async () => {
    const { id, slug, owner } = await app.actors.organization();
    expect(await operate(suspendOrganization(true), slug)).toEqual({ outcome: 'changed', rows: [{ id }] });
    const { body } = await owner.api.get(`/organizations/${id}`).expect(403);
    expect(body.code).toBe('organization_suspended');
    const call = await lastCall();
    expect(call).toMatchObject({
      ...columns(caller),
      command: 'suspend-organization',
      target_type: 'organization',
      target_id: id,
    });
    expect(await operate(suspendOrganization(true), id)).toMatchObject({ outcome: 'unchanged' });
    expect(await operate(suspendOrganization(false), id)).toMatchObject({ outcome: 'changed' });
    await owner.api.get(`/organizations/${id}`).expect(200);
    expect(
      await app.database.query(
        `select action, actor_type, actor_id, changes, metadata from audit_events where organization_id = $1 and actor_type = 'system' order by id`,
        [id],
      ),
    ).toEqual([
      {
        action: 'organization.suspended',
        actor_type: 'system',
        actor_id: null,
        changes: { status: { from: 'active', to: 'suspended' } },
        metadata: { operator_call_id: call!['id'] },
      },
      expect.objectContaining({ action: 'organization.reactivated' }),
    ]);
  });

  it('is suspended by one of 20 at once', async () => {
    const { id } = await app.actors.organization();
    const answers = await Promise.all(Array.from({ length: 20 }, () => operate(suspendOrganization(true), id)));
    expect(answers.filter(({ outcome }) => outcome === 'changed')).toHaveLength(1);
    expect(
      await app.database.query(
        `select from audit_events where organization_id = $1 and action = 'organization.suspended'`,
        [id],
      ),
    ).toHaveLength(1);
    expect(await app.database.query('select from operator_calls where target_id = $1', [id])).toHaveLength(20);
  });

  it('is told from one whose slug is its id', async () => {
    const meant = await app.actors.organization();
    const impostor = await app.actors.organization(undefined, { slug: meant.id });
    expect(await operate(suspendOrganization(true), meant.id)).toMatchObject({ rows: [{ id: meant.id }] });
    await impostor.owner.api.get(`/organizations/${impostor.id}`).expect(200);
  });

  it('that is not there changes nothing, and the call is kept', async () => {
    const answer = await app.changingNothing(() => operate(suspendOrganization(true), 'nobody'), ['operator_calls']);
    expect(answer).toEqual({ outcome: 'not_found', rows: [] });
    expect(await lastCall()).toMatchObject({ outcome: 'not_found', target_type: null, target_id: null });
  });

  it('is found by a part of its name, by its slug and by its id, with how it stands', async () => {
    const { id, slug } = await app.actors.organization(undefined, { name: 'Wünsche & 100% GmbH' });
    await operate(suspendOrganization(true), id);
    for (const text of ['WÜNSCHE', '100%', slug, id]) {
      const { rows } = await operate(findOrganizations(''), text);
      expect(rows).toEqual([expect.objectContaining({ id, slug, state: 'suspended', members: '1' })]);
    }
    expect(await operate(findOrganizations(''), '100_')).toEqual({ outcome: 'not_found', rows: [] });
    expect(await operate(findOrganizations(slug), slug)).toMatchObject({ outcome: 'not_found' });
  });
});

describe('limits', () => {
  const own = async (organization: string) =>
    (await operate(findLimits, organization)).rows.map((row) => Object.values(row).slice(1));

  it('of an organisation are shown, set, set to none, and taken back, with an event each that names the call', async () => {
    const { id, slug, owner } = await app.actors.organization();
    expect(await operate(findLimits, slug)).toEqual({
      outcome: 'found',
      rows: [
        { id, key: 'members.max', value: 'default', used: '1' },
        { id, key: 'members.count_pending', value: 'default', used: '0' },
        { id, key: 'teams.max_members', value: 'default', used: '0' },
      ],
    });
    expect(await operate(setLimit('members.max', '5'), slug)).toEqual({ outcome: 'changed', rows: [{ id }] });
    const call = await lastCall();
    expect(call).toMatchObject({ ...columns(caller), command: 'limit', target_type: 'organization', target_id: id });
    expect(await operate(setLimit('members.max', '5'), id)).toMatchObject({ outcome: 'unchanged' });
    expect(await operate(setLimit('members.max', 'none'), id)).toMatchObject({ outcome: 'changed' });
    expect(await operate(setLimit('members.count_pending', 'true'), id)).toMatchObject({ outcome: 'changed' });
    for (const email of ['one@example.com', 'two@example.com']) {
      await owner.api.post(`/organizations/${id}/invitations`, { email, roles: ['member'] }).expect(201);
    }
    expect(await own(id)).toEqual([
      ['members.max', 'none', '1'],
      ['members.count_pending', true, '2'],
      ['teams.max_members', 'default', '0'],
    ]);
    expect(await operate(setLimit('members.max', 'default'), id)).toMatchObject({ outcome: 'changed' });
    expect(await operate(setLimit('members.max', 'default'), id)).toMatchObject({ outcome: 'unchanged' });
    const events = await app.database.query(
      `select action, actor_type, target_id, changes, metadata from audit_events
         where organization_id = $1 and action like 'setting.%' order by id`,
      [id],
    );
    expect(events.map(({ action, changes }) => [action, changes])).toEqual([
      ['setting.changed', { 'members.max': { from: 'default', to: 5 } }],
      ['setting.changed', { 'members.max': { from: 5, to: 'none' } }],
      ['setting.changed', { 'members.count_pending': { from: 'default', to: true } }],
      ['setting.reset', { 'members.max': { from: 'none', to: 'default' } }],
    ]);
    expect(events[0]).toMatchObject({
      actor_type: 'system',
      target_id: id,
      metadata: { operator_call_id: call!['id'] },
    });
  });

  it('of one organisation are no other one’s', async () => {
    const [one, other] = [await app.actors.organization(), await app.actors.organization()];
    await operate(setLimit('teams.max_members', '7'), one.id);
    expect((await own(one.id))[2]).toEqual(['teams.max_members', 7, '0']);
    expect((await own(other.id))[2]).toEqual(['teams.max_members', 'default', '0']);
  });

  it('of nobody are not found', async () => {
    expect(await operate(findLimits, 'nobody')).toEqual({ outcome: 'not_found', rows: [] });
    const set = () => operate(setLimit('members.max', '5'), 'nobody');
    expect(await app.changingNothing(set, ['operator_calls'])).toEqual({ outcome: 'not_found', rows: [] });
  });

  it.each([
    ['members.min', '5'],
    ['members.max', '0'],
    ['members.max', '-1'],
    ['members.max', '1.5'],
    ['members.max', '1000000'],
    ['members.max', 'true'],
    ['members.count_pending', '1'],
    ['members.count_pending', 'none'],
  ])('are not set to nonsense: %s %s', (limit, value) => {
    expect(() => setLimit(limit, value)).toThrow(/There is no limit|must be/);
  });

  it.each([
    ['members.min', '5'],
    ['members.max', '0'],
    ['members.max', '1.5'],
    ['members.max', '"5"'],
    ['members.max', 'true'],
    ['members.count_pending', 'null'],
  ])('are kept from nonsense by the database: %s %s', async (key, value) => {
    const { id } = await app.actors.organization();
    await app.changingNothing(() =>
      connected(app.database.url('tenantry_operator'), async (client) => {
        const set = client.query(`select app.set_limit('me', 'because', $1, $2, $3::jsonb)`, [id, key, value]);
        await expect(set).rejects.toMatchObject({ code: '23514' });
      }),
    );
  });
});

function columns({ calledBy, reason }: Caller): object {
  return { called_by: calledBy, reason };
}

describe('a person', () => {
  let email: string;
  beforeEach(() => void (email = auth.newAddress()));

  it('is suspended and signed out everywhere, and reactivated to sign in anew, which their log tells', async () => {
    const { access_token, refresh_token } = await auth.person(email);
    const { rows } = await operate(findUser, email.toUpperCase());
    expect(rows).toEqual([expect.objectContaining({ state: 'active', second_factor: false })]);
    const [{ id }] = rows as [{ id: string }];
    expect(await operate(suspendUser(true), email)).toEqual({ outcome: 'changed', rows: [{ id }] });
    await auth.me(access_token).expect(401);
    await auth.refresh(refresh_token).expect(401);
    await auth.login(email, PASSWORD).expect(401);
    expect(await operate(findUser, id)).toMatchObject({ rows: [{ id, state: 'suspended' }] });

    expect(await operate(suspendUser(false), id)).toMatchObject({ outcome: 'changed' });
    expect(await operate(suspendUser(false), id)).toMatchObject({ outcome: 'unchanged' });
    await auth.me(access_token).expect(401);
    const { body } = await auth.login(email, PASSWORD).expect(200);
    const log = await ownLog(body.access_token);
    expect(log.filter((entry) => entry.startsWith('system'))).toEqual([
      'system user.reactivated',
      'system user.suspended',
    ]);
  });

  it('who has deleted the account can not be reactivated', async () => {
    const { access_token } = await auth.person(email);
    const { rows } = await operate(findUser, email);
    const { headers } = await auth.me(access_token).expect(200);
    await app.anonymous.as(access_token).send('delete', '/me').set('if-match', headers['etag']!).expect(204);
    const [{ id }] = rows as [{ id: string }];
    expect(await operate(suspendUser(false), id)).toMatchObject({ outcome: 'unchanged' });
    expect(await operate(findUser, id)).toMatchObject({ rows: [{ state: 'deleted' }] });
    expect(await operate(findUser, email)).toMatchObject({ outcome: 'not_found' });
  });

  it('comes in after wrong passwords, and gets links again that were held back; those sent before are good', async () => {
    await auth.person(email);
    for (let attempt = 0; attempt < 10; attempt += 1) await auth.login(email, 'wrong');
    await auth.login(email, PASSWORD).expect(429);
    for (let link = 0; link < 4; link += 1) await auth.post('/auth/magic-links', { email }).expect(202);
    const [newest] = await app.mailsTo(email, 4);

    expect(await operate(unlock, email)).toMatchObject({ outcome: 'changed' });
    expect(await operate(unlock, email)).toMatchObject({ outcome: 'unchanged' });
    await auth.post('/auth/magic-links', { email }).expect(202);
    expect(await app.mailsTo(email, 5)).toHaveLength(5);
    await auth.signInByLink(tokenIn(newest!)).expect(200);
    const { body } = await auth.login(email, PASSWORD).expect(200);
    expect((await ownLog(body.access_token)).filter((entry) => entry.startsWith('system'))).toEqual([
      'system auth.unlocked',
    ]);
  });

  it('is unlocked where nobody has the address', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) await auth.login(email, 'wrong');
    await auth.login(email, PASSWORD).expect(429);
    expect(await operate(unlock, email)).toEqual({ outcome: 'changed', rows: [] });
    await auth.login(email, 'wrong').expect(401);
    expect(await operate(unlock, email)).toEqual({ outcome: 'changed', rows: [] });
  });

  it('who has lost the second factor signs in without, is signed out elsewhere, and told by mail', async () => {
    const { access_token } = await auth.person(email);
    const { rows } = await operate(findUser, email);
    const [{ id: userId }] = rows as [{ id: string }];
    await TestFactor.active(app, { api: app.anonymous.as(access_token), userId });
    expect(await operate(findUser, email)).toMatchObject({ rows: [{ second_factor: true }] });

    const answers = await Promise.all(Array.from({ length: 5 }, () => operate(removeSecondFactor, email)));
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(['changed', ...Array(4).fill('unchanged')]);
    await auth.me(access_token).expect(401);
    expect((await app.mailsTo(email, 2)).map(({ subject }) => subject)).toEqual([
      'Ihr zweiter Faktor wurde für Sie entfernt',
      expect.anything(),
    ]);
    const { body } = await auth.login(email, PASSWORD).expect(200);
    expect((await ownLog(body.access_token))[1]).toBe('system user.mfa_disabled');
    expect(await app.database.query('select from recovery_codes where user_id = $1', [userId])).toEqual([]);
  });

  it('who has none keeps their sessions, and gets no mail', async () => {
    const { access_token } = await auth.person(email);
    const untouched = () => operate(removeSecondFactor, email);
    expect(await app.changingNothing(untouched, ['operator_calls'])).toMatchObject({ outcome: 'unchanged' });
    await auth.me(access_token).expect(200);
    expect(await operate(removeSecondFactor, 'nobody@example.com')).toEqual({ outcome: 'not_found', rows: [] });
  });
});

describe('the role', () => {
  it.each([
    'select from users',
    'select from operator_calls',
    `update organizations set suspended_at = now()`,
    `select app.enqueue('send_mail', '{}')`,
    `select app.enter(null, null, null, null, null)`,
  ])('may not: %s', async (statement) => {
    await connected(app.database.url('tenantry_operator'), async (client) => {
      await expect(client.query(statement)).rejects.toMatchObject({ code: expect.stringMatching(/^42(501|883)$/) });
    });
  });

  it("is not the server's: what it calls, the server can't", async () => {
    await connected(app.database.url('tenantry_app'), async (client) => {
      const call = client.query(`select app.suspend_user('me', 'because', null, 'a@example.com', true)`);
      await expect(call).rejects.toMatchObject({ code: '42501' });
    });
  });
});

describe('npm run operator', () => {
  function run(...given: string[]): Promise<{ code: number; output: string }> {
    const env = {
      ...process.env,
      ...environment,
      NODE_OPTIONS: '',
      OPERATOR_DATABASE_URL: app.database.url('tenantry_operator'),
    };
    return new Promise((done) => {
      execFile(process.execPath, ['prisma/operator/cli.ts', ...given], { env }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
      );
    });
  }

  it.each([
    [[]],
    [['nonsense', 'x', '--reason', 'to see what it does']],
    [['suspend-user', '--reason', 'without a person']],
    [['suspend-organization', 'demo']],
    [['suspend-organization', 'demo', '--reason', 'why']],
    [['limit', 'acme', '--reason', 'without a limit']],
    [['limit', 'acme', 'members.max', '--reason', 'without a value']],
    [['limit', 'acme', 'members.max', '5', '6', '--reason', 'too much']],
    [['limits', 'acme', 'members.max', '--reason', 'too much']],
    [['limit', 'acme', 'members.max', 'many', '--reason', 'no number']],
    [['unlock', '01a1f000-0000-7000-8000-000000000001', '--reason', 'by id']],
  ])('fails and changes nothing: %j', async (given) => {
    await app.changingNothing(async () => {
      const { code, output } = await run(...given);
      expect(code).toBe(1);
      expect(output).toMatch(/Usage: npm run operator|Say why: --reason|given by their address|must be a whole number/);
    });
  });

  it('prints for people and for programs, tells what is not there by its exit code, and lists its calls', async () => {
    const { id, slug } = await app.actors.organization();
    const why = ['--reason', 'a look around', '--as', 'tess'];
    const found = await run('organizations', slug, '--json', ...why);
    expect(found.code).toBe(0);
    expect(JSON.parse(found.output)).toMatchObject({ outcome: 'found', rows: [{ id, slug, state: 'active' }] });
    expect(await run('suspend-organization', slug, ...why)).toMatchObject({
      code: 0,
      output: expect.stringMatching(new RegExp(`${id}[^]*Done\\.`)),
    });
    expect(await run('user', 'nobody@example.com', ...why)).toMatchObject({ code: 2 });
    expect(await run('limit', slug, 'members.max', '25', ...why)).toMatchObject({ code: 0 });
    const calls = await run('calls', '--json');
    expect(JSON.parse(calls.output).rows.slice(0, 4)).toMatchObject([
      { command: 'limit', outcome: 'changed', target_id: id },
      { command: 'user', outcome: 'not_found', called_by: 'tess', reason: 'a look around' },
      { command: 'suspend-organization', outcome: 'changed', target_id: id },
      { command: 'organizations', outcome: 'found', target_id: id },
    ]);
  });
});
