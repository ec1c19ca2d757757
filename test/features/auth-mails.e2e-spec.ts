import type { Response } from 'supertest';
import type { KeptMail } from '../../src/core/mail/index.ts';
import { AuthApp, comparable, PASSWORD, tokenIn } from '../support/auth.ts';
import { until } from '../support/until.ts';

const BOUND = 3;

describe('mails that anybody can have sent to an address', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  const register = (email: string, name = 'Eve') => app.post('/auth/register', { email, name });

  const registerAtOnce = (email: string, count: number): Promise<Response[]> =>
    Promise.all(Array.from({ length: count }, () => register(email)));

  /** All that the address was sent, once nothing waits to be sent. @returns them, newest first */
  async function mailsTo(email: string): Promise<readonly KeptMail[]> {
    // What recurs waits for its hour.
    const due = 'select from graphile_worker._private_jobs where run_at <= now()';
    await until(async () => (await app.test.database.query(due)).length === 0);
    return app.test.mailsTo(email, 0);
  }

  const anHourPasses = () =>
    app.test.database.query(`update email_tokens set created_at = created_at - interval '1 hour'`);

  async function jobsEver(): Promise<number> {
    const last = `pg_sequence_last_value(pg_get_serial_sequence('graphile_worker._private_jobs', 'id'))`;
    const [row] = await app.test.database.query(`select ${last} as count`);
    return Number(row!['count']);
  }

  it('are three an hour, whatever races, whether or not it is known, and no answer tells', async () => {
    const [known, unknown] = [app.newAddress(), app.newAddress()];
    await app.person(known);
    await anHourPasses();
    const before = (await mailsTo(known)).length;
    const answers = (await Promise.all([known, unknown].map((email) => registerAtOnce(email, 20)))).flat();
    expect(await mailsTo(known)).toHaveLength(before + BOUND);
    expect(await mailsTo(unknown)).toHaveLength(BOUND);
    expect(answers[0]!.status).toBe(202);
    for (const answer of answers) expect(comparable(answer)).toEqual(comparable(answers[0]!));
  });

  it('are as much work beyond the bound as within it', async () => {
    const email = app.newAddress();
    const work = async () => {
      const before = await jobsEver();
      const roundTrips = await app.test.roundTrips(() => register(email).expect(202));
      return { roundTrips, jobs: (await jobsEver()) - before };
    };
    await register(email);
    const within = await work();
    await registerAtOnce(email, BOUND);
    expect(await work()).toEqual(within);
  });

  it.each([
    ['/auth/register', 'within the next day', 24],
    ['/auth/magic-links', 'within the next hour', 1],
    ['/auth/password/forgot', 'within the next hour', 1],
  ])('say truly how long their link is good: %s', async (path, words, hours) => {
    const email = app.newAddress();
    await app.person(email);
    const to = path === '/auth/register' ? app.newAddress() : email;
    const before = (await app.test.mailsTo(to, 0)).length;
    await app.post(path, { email: to, ...(path === '/auth/register' && { name: 'Ada' }) }).expect(202);
    const [mail] = await app.test.mailsTo(to, before + 1);
    expect(mail!.text.replaceAll('\n', ' ')).toContain(words);
    const [newest] = await app.test.database.query(
      `select extract(epoch from expires_at - created_at) / 3600 as hours from email_tokens where email_key = $1
        order by created_at desc limit 1`,
      [to],
    );
    expect(Number(newest!['hours'])).toBeCloseTo(hours, 1);
  });

  it('are bound for every way to write the address together', async () => {
    const email = app.newAddress();
    for (const form of [email, email.toUpperCase(), email.replace('ada', '\uff41da'), email]) await register(form);
    expect(await mailsTo(email)).toHaveLength(BOUND);
  });

  it('are sent again an hour later, and the newest three links are good', async () => {
    const email = app.newAddress();
    await registerAtOnce(email, BOUND + 2);
    await mailsTo(email);
    await anHourPasses();
    await register(email);
    const tokens = (await mailsTo(email)).map(tokenIn);
    expect(tokens).toHaveLength(BOUND + 1);
    const answers = [];
    for (const token of tokens.toReversed()) answers.push(await app.verify(token, PASSWORD));
    expect(answers.map(({ status }) => status)).toEqual([410, 200, 200, 200]);
  });

  it('leave the links that were sent good, however often more are asked for', async () => {
    const email = app.newAddress();
    const token = await app.register(email);
    await registerAtOnce(email, 10);
    await app.verify(token, PASSWORD).expect(200);
  });

  it('are in the language that is asked for, and tell no more in it', async () => {
    const [known, unknown] = [app.newAddress(), app.newAddress()];
    await app.person(known);
    const register = (email: string) => app.post('/auth/register', { email, name: 'Ada' }).set('accept-language', 'de');
    const answers = [await register(known), await register(unknown)];
    expect(comparable(answers[0]!)).toEqual(comparable(answers[1]!));
    expect((await mailsTo(known))[0]!.subject).toBe('Sie haben schon ein Konto');
    expect((await mailsTo(unknown))[0]!.subject).toBe('Bestätigen Sie Ihre E-Mail-Adresse');
  });

  it('repeat nothing that a stranger wrote', async () => {
    const email = app.newAddress();
    await register(email, 'You have won: \u043f\u0440\u0438\u0437.\u0440\u0444');
    const [mail] = await app.test.mailsTo(email);
    expect(`${mail!.subject} ${mail!.text} ${mail!.html}`).not.toMatch(/won|\u043f\u0440\u0438\u0437/);
  });
});
