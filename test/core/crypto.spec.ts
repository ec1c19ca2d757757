import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import {
  DataKey,
  KeyedHash,
  MasterKeys,
  type Owner,
  Passwords,
  randomToken,
  type SealContext,
  SecretBox,
  SigningKey,
  tokenHash,
  Undecipherable,
} from '../../src/core/crypto/index.ts';

describe('passwords', () => {
  const passwords = new Passwords();
  beforeAll(() => passwords.onModuleInit());

  it('are hashed with argon2id at the strength that OWASP advises, salted', async () => {
    const encoded = await passwords.hash('correct horse battery');
    expect(encoded).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.hash('correct horse battery')).not.toBe(encoded);
  });

  it.each([
    ['m=19456,t=2,p=1', false],
    ['m=65536,t=3,p=4', false],
    ['m=19455,t=2,p=1', true],
    ['m=19456,t=1,p=1', true],
  ])('with %s are outdated: %s', (parameters, isOutdated) => {
    expect(passwords.isOutdated(`$argon2id$v=19$${parameters}$c2FsdHNhbHQ$aGFzaA`)).toBe(isOutdated);
  });

  it('of a form that is not its own are outdated', () => {
    for (const encoded of ['$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', '$argon2id$m=19456,t=2,p=1$c2FsdA$aGFzaA']) {
      expect(passwords.isOutdated(encoded)).toBe(true);
    }
  });

  it('are told apart', async () => {
    const encoded = await passwords.hash('correct horse battery');
    expect(await passwords.verify(encoded, 'correct horse battery')).toBe(true);
    expect(await passwords.verify(encoded, 'correct horse batterz')).toBe(false);
  });

  it('are neither cut, nor folded, nor trimmed', async () => {
    const password = `${'x'.repeat(1022)} B`;
    const encoded = await passwords.hash(password);
    expect(await passwords.verify(encoded, password)).toBe(true);
    for (const other of [`${'x'.repeat(1022)} b`, `${'x'.repeat(1022)} `, `${password} `, password.slice(0, 72)]) {
      expect(await passwords.verify(encoded, other)).toBe(false);
    }
  });

  it('are the same in every Unicode form that a keyboard sends', async () => {
    const encoded = await passwords.hash('pa\u0308sswörter');
    expect(await passwords.verify(encoded, 'p\u00e4sswörter')).toBe(true);
  });

  it('are never right where there is nothing to compare with', async () => {
    expect(await passwords.verify(null, 'correct horse battery')).toBe(false);
  });

  it('take as long to refuse without an account as with one, and with one that is older than the parameters', async () => {
    const ways = {
      known: await passwords.hash('correct horse battery'),
      unknown: null,
      weaker: await hash('correct horse battery', { memoryCost: 4096, timeCost: 1, parallelism: 1 }),
    };
    const times: Record<keyof typeof ways, number[]> = { known: [], unknown: [], weaker: [] };
    for (let round = 0; round < 15; round++) {
      for (const way of ['known', 'unknown', 'weaker'] as const) {
        times[way].push(await duration(() => passwords.verify(ways[way], 'wrong')));
      }
    }
    // Without more ado an unknown account would be refused in microseconds, a weaker hash in a fifth of the time.
    for (const way of ['unknown', 'weaker'] as const) {
      expect(median(times[way]) / median(times.known)).toBeGreaterThan(0.5);
      expect(median(times[way]) / median(times.known)).toBeLessThan(2);
    }
  });
});

describe('a signing key', () => {
  it('is named by the thumbprint of RFC 7638 and publishes nothing private', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = new SigningKey(privateKey);
    expect(key.jwk).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: key.id,
      use: 'sig',
      alg: 'ES256',
    });
    expect(key.id).toMatch(/^[\w-]{43}$/);
    expect(createPublicKey({ key: { ...key.jwk }, format: 'jwk' }).equals(key.publicKey)).toBe(true);
    expect(new SigningKey(privateKey).id).toBe(key.id);
  });

  it.each([
    ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['another kind', generateKeyPairSync('ed25519').privateKey],
  ])('is refused on %s', (_, privateKey) => {
    expect(() => new SigningKey(privateKey)).toThrow('P-256');
  });
});

describe('tokens', () => {
  it('carry 256 random bits and are kept as a hash', () => {
    const token = randomToken();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(randomToken()).not.toBe(token);
    // Known answer: SHA-256 of "abc" (FIPS 180-2, B.1).
    expect(tokenHash('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('a keyed hash', () => {
  const hash = new KeyedHash(Buffer.alloc(32, 1));

  it('is the same for the same value, purpose and key, and for nothing else', () => {
    const digest = hash.digest('email_address', 'ada@example.com');
    expect(hash.digest('email_address', 'ada@example.com')).toEqual(digest);
    expect(hash.digest('email_address', 'bob@example.com')).not.toEqual(digest);
    expect(hash.digest('refresh_token', 'ada@example.com')).not.toEqual(digest);
    expect(new KeyedHash(Buffer.alloc(32, 2)).digest('email_address', 'ada@example.com')).not.toEqual(digest);
  });
});

describe('a secret box', () => {
  const box = new SecretBox(Buffer.alloc(32, 1));
  const sealed = box.seal('Ada Lovelace', ['cursor', 'a', 'b']);

  it.each(['', 'Ada Lovelace', '\0 ä 🜚', 'x'.repeat(300_000)])('gives back what was put in (%#)', (text) => {
    expect(box.open(box.seal(text, ['cursor']), ['cursor'])).toBe(text);
  });

  it('shows nothing of the text, nor that two are the same', () => {
    expect(sealed.toString('latin1')).not.toContain('Ada');
    expect(box.seal('Ada Lovelace', ['cursor', 'a', 'b'])).not.toEqual(sealed);
  });

  it('opens under the same secret, on another server too, and under no other', () => {
    expect(new SecretBox(Buffer.alloc(32, 1)).open(sealed, ['cursor', 'a', 'b'])).toBe('Ada Lovelace');
    expect(new SecretBox(Buffer.alloc(32, 2)).open(sealed, ['cursor', 'a', 'b'])).toBeUndefined();
  });

  it.each<[string, SealContext]>([
    ['another purpose', ['kept_answer', 'a', 'b']],
    ['another part', ['cursor', 'a', 'c']],
    ['a part less', ['cursor', 'a']],
    ['a part more', ['cursor', 'a', 'b', '']],
    ['the same letters, cut elsewhere', ['cursor', 'ab', '']],
    ['the same parts in another order', ['cursor', 'b', 'a']],
  ])('does not open in %s', (_, context) => {
    expect(box.open(sealed, context)).toBeUndefined();
  });

  it('does not open with any bit of it changed, nor cut short, nor lengthened', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const edited = Buffer.from(sealed);
      edited[bit >> 3]! ^= 1 << (bit & 7);
      expect(box.open(edited, ['cursor', 'a', 'b'])).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(box.open(sealed.subarray(0, length), ['cursor', 'a', 'b'])).toBeUndefined();
    }
    expect(box.open(Buffer.concat([sealed, Buffer.alloc(1)]), ['cursor', 'a', 'b'])).toBeUndefined();
  });
});

describe('master keys', () => {
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const old = new MasterKeys([{ id: 'old', secret: first }]);
  const both = new MasterKeys([
    { id: 'new', secret: second },
    { id: 'old', secret: first },
  ]);

  it('seal by the first of them, and open by whichever has sealed', () => {
    const [before, after] = [old.seal('text', ['job']), both.seal('text', ['job'])];
    expect([before, after].map((sealed) => sealed.slice(0, 7))).toEqual(['v1.old.', 'v1.new.']);
    expect([before, after].map((sealed) => both.open(sealed, ['job']))).toEqual(['text', 'text']);
    expect(() => old.open(after, ['job'])).toThrow(expect.objectContaining({ reason: 'lost_key' }));
    expect(() => both.open(before, ['data_key'])).toThrow(expect.objectContaining({ reason: 'altered' }));
    expect(() => both.open(before.replace('old', 'new'), ['job'])).toThrow(Undecipherable);
  });

  it('are at least one', () => {
    expect(() => new MasterKeys([])).toThrow('no master key');
  });
});

describe('a data key', () => {
  const owner: Owner = { kind: 'user', id: 'a' };
  const place = { table: 'users', column: 'phone', row: 'r' };
  const key = DataKey.generate(owner);
  const sealed = key.seal('+4915112345678', place);

  it('seals a text with its own id, another one each time, and opens it', () => {
    expect(sealed).toMatch(new RegExp(`^v1\\.${key.id}\\.[\\w-]+$`));
    expect(key.seal('+4915112345678', place)).not.toBe(sealed);
    expect(key.open(sealed, place)).toBe('+4915112345678');
    expect(Buffer.from(sealed.split('.')[2]!, 'base64url').toString('latin1')).not.toContain('+49');
  });

  it.each([
    ['table', { ...place, table: 'user' }],
    ['column', { ...place, column: 'phone_number' }],
    ['row', { ...place, row: 's' }],
  ])('opens it for no other %s', (_, other) => {
    expect(() => key.open(sealed, other)).toThrow(expect.objectContaining({ reason: 'altered' }));
  });

  it('opens nothing with any character of it changed, left out or added', () => {
    const letters = 'Aa0-_.~+'.split('');
    for (let index = 0; index <= sealed.length; index++) {
      const [head, tail] = [sealed.slice(0, index), sealed.slice(index + 1)];
      const changed = [...letters.map((letter) => head + letter + tail), head, head + tail].filter(
        (text) => text !== sealed,
      );
      const longer = letters.map((letter) => head + letter + sealed.slice(index));
      for (const text of [...changed, ...longer]) expect(() => key.open(text, place)).toThrow(Undecipherable);
    }
  });

  it('is kept wrapped, for its owner alone', () => {
    const masterKeys = new MasterKeys([{ id: 'm', secret: Buffer.alloc(32, 3) }]);
    const wrapped = key.wrap(masterKeys);
    expect(DataKey.unwrap(owner, key.id, wrapped, masterKeys).open(sealed, place)).toBe('+4915112345678');
    const foreign: [Owner, string][] = [
      [{ kind: 'organization', id: 'a' }, key.id],
      [{ kind: 'user', id: 'b' }, key.id],
      [owner, 'another'],
    ];
    for (const [whose, id] of foreign)
      expect(() => DataKey.unwrap(whose, id, wrapped, masterKeys)).toThrow(Undecipherable);
  });

  it('seals nothing that another key opens', () => {
    const other = DataKey.generate(owner);
    expect(() => other.open(sealed.replace(key.id, other.id), place)).toThrow(Undecipherable);
  });

  it('indexes equal texts of one column alike, and no others', () => {
    const index = key.blindIndex('1', place);
    expect(key.blindIndex('1', { table: 'users', column: 'phone' })).toEqual(index);
    expect(index).toHaveLength(32);
    expect(key.blindIndex('2', place)).not.toEqual(index);
    expect(key.blindIndex('1', { ...place, column: 'fax' })).not.toEqual(index);
    expect(DataKey.generate(owner).blindIndex('1', place)).not.toEqual(index);
  });
});

async function duration(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
