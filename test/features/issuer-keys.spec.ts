import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { IssuerKeys, keySetFrom } from '../../src/features/outside-sign-in/issuer-keys.ts';
import { TestClock } from '../support/clock.ts';
import { FakeIssuer } from '../support/fake-issuer.ts';

const { jest } = import.meta;

describe('the keys of an outside issuer', () => {
  let issuer: FakeIssuer;
  let clock: TestClock;
  let keys: IssuerKeys;
  const warnings = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  beforeEach(async () => {
    warnings.mockClear();
    issuer = await FakeIssuer.start();
    clock = new TestClock();
    keys = new IssuerKeys(keySetFrom(issuer.url), clock);
  });
  afterEach(() => issuer.stop());
  afterAll(() => warnings.mockRestore());

  it('are fetched once for many at a time, and kept', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find(issuer.pair.kid)));
    for (const key of found) expect(key?.equals(issuer.pair.publicKey)).toBe(true);
    clock.advance(590_000);
    await keys.find(issuer.pair.kid);
    expect(issuer.questions).toBe(1);
  });

  it('are fetched anew for an unknown one, and not more often than twice a minute', async () => {
    await keys.find(issuer.pair.kid);
    issuer.rotate();
    for (let guess = 0; guess < 50; guess++) expect(await keys.find(`guess ${guess}`)).toBeUndefined();
    expect(await keys.find(issuer.pair.kid)).toBeUndefined();
    expect(issuer.questions).toBe(1);
    clock.advance(30_000);
    expect(await keys.find(issuer.pair.kid)).toBeDefined();
    expect(issuer.questions).toBe(2);
  });

  it('are there at once, while an unknown one is asked for', async () => {
    const answers = [keySetFrom(issuer.url), () => new Promise<never>(() => undefined)];
    keys = new IssuerKeys(() => answers.shift()!(), clock);
    await keys.find(issuer.pair.kid);
    clock.advance(30_000);
    void keys.find('made up');
    expect(await Promise.race([keys.find(issuer.pair.kid), delay(100, 'waits')])).toMatchObject({ type: 'public' });
  });

  it('are believed no longer once the issuer has taken them back', async () => {
    const { kid } = issuer.pair;
    await keys.find(kid);
    issuer.rotate();
    issuer.rotate();
    clock.advance(600_000);
    expect(await keys.find(kid)).toBeUndefined();
  });

  it.each([
    ['can not answer', { status: 503, body: '' }],
    ['answers with what is no key set', { status: 200, body: '{}' }],
    ['answers with what is no JSON', { status: 200, body: '<html>' }],
    ['sends us elsewhere', { status: 302, body: '' }],
    ['answers without an end', { status: 200, body: `{"keys":[]${' '.repeat(200_000)}}` }],
  ])('stay as they were while it %s', async (_, answer) => {
    const { kid } = issuer.pair;
    await keys.find(kid);
    issuer.answer = answer;
    clock.advance(600_000);
    expect(await keys.find(kid)).toBeDefined();
    expect(issuer.questions).toBe(2);
    await keys.find(kid);
    expect(issuer.questions).toBe(2);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('are those alone that sign, of a kind that we verify', async () => {
    const jwk = issuer.pair.publicKey.export({ format: 'jwk' });
    const list = [
      { ...jwk, kid: 'good' },
      { ...jwk, kid: 'encrypts', use: 'enc' },
      { ...jwk, kid: 7 },
      { ...jwk, kid: 'broken', x: 'AA' },
      { kty: 'oct', k: 'AAAA', kid: 'secret' },
      null,
    ];
    issuer.answer = { status: 200, body: JSON.stringify({ keys: list }) };
    expect(await keys.find('good')).toBeDefined();
    for (const kid of ['encrypts', 'broken', 'secret', '7']) expect(await keys.find(kid)).toBeUndefined();
  });
});
