import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { variables } from '../../src/config/config.ts';
import { ConfigError, readConfig } from '../../src/config/index.ts';
import { environment } from '../support/environment.ts';

const example = readFileSync('.env.example', 'utf8');

const KEY = 'uYq3Jr0N6b8mPz5Xc1Vd7Lf2Wg9Th4Ks-Ej_RiAoUyB';

const production = (changes: Record<string, string | undefined> = {}) =>
  environment({
    NODE_ENV: 'production',
    SMTP_URL: 'smtp://mail.example.com:25',
    METRICS_TOKEN: 'k3Jq9vX2mB7nR5tY8wZ1cD4fG6hL0pSa',
    CORS_ORIGINS: 'https://app.example.com',
    ...changes,
  });

function faults(given: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('takes a whole environment, with defaults for what may be left out', () => {
    const config = readConfig(environment());
    expect(config).toMatchObject({
      environment: 'test',
      host: '0.0.0.0',
      port: 3000,
      corsOrigins: [],
      logLevel: 'silent',
    });
    expect(config.database).toMatchObject({ poolSize: 10, pooled: false, slowStatementMs: 200 });
    expect(Object.isFrozen(config) && Object.isFrozen(config.database)).toBe(true);
  });

  it('listens to the machine itself in development, and is production when nothing says otherwise', () => {
    expect(readConfig(environment({ NODE_ENV: 'development' })).host).toBe('127.0.0.1');
    expect(readConfig(production({ NODE_ENV: undefined })).isProduction).toBe(true);
  });

  it('limits requests in production, and elsewhere not so that one would notice', () => {
    const limits = { address: { requests: 3000, seconds: 60 }, caller: { requests: 600, seconds: 60 } };
    expect(readConfig(production()).limits).toMatchObject(limits);
    for (const NODE_ENV of ['development', 'test']) {
      for (const { requests } of Object.values(readConfig(environment({ NODE_ENV })).limits)) {
        expect(requests).toBeGreaterThanOrEqual(1_000_000);
      }
    }
    const chosen = readConfig(environment({ RATE_LIMIT_SIGN_IN: '5/10' })).limits.signIn;
    expect(chosen).toEqual({ requests: 5, seconds: 10 });
  });

  it('sets no limit of seats unless one is given', () => {
    expect(readConfig(production()).seats).toEqual({ members: undefined, teamMembers: undefined, countPending: false });
    const given = { MEMBERS_MAX: '50', TEAMS_MAX_MEMBERS: '20', MEMBERS_COUNT_PENDING: 'true' };
    expect(readConfig(production(given)).seats).toEqual({ members: 50, teamMembers: 20, countPending: true });
  });

  it('names everything that is missing at once, an empty variable included', () => {
    const named = faults({ NODE_ENV: 'test', DATABASE_URL: '' }).map((fault) => fault.split(' ')[0]);
    expect(named).toEqual([
      'DATABASE_URL',
      'DIRECT_DATABASE_URL',
      'API_URL',
      'APP_URL',
      'ACCESS_TOKEN_PRIVATE_KEY',
      'SECRET_KEY',
      'ENCRYPTION_KEYS',
      'MAIL_FROM',
    ]);
  });

  it.each([
    ['NODE_ENV', 'staging'],
    ['PORT', '70000'],
    ['PORT', '3e3'],
    ['DATABASE_URL', 'mysql://secret@host/db'],
    ['DATABASE_POOLED', 'yes'],
    ['DATABASE_POOL_SIZE', '1001'],
    ['API_URL', 'ftp://secret'],
    ['SECRET_KEY', 'c2VjcmV0'],
    ['ENCRYPTION_KEYS', 'c2VjcmV0'],
    ['ENCRYPTION_KEYS', 'a:c2VjcmV0'],
    ['ENCRYPTION_KEYS', `A:${KEY}`],
    ['ENCRYPTION_KEYS', `a.b:${KEY}`],
    ['ENCRYPTION_KEYS', `a:${KEY},`],
    ['ENCRYPTION_KEYS', `a:${KEY},a:${KEY}`],
    ['METRICS_TOKEN', 'secret'],
    ['CORS_ORIGINS', 'https://app.example.com/secret'],
    ['ACCESS_TOKEN_PRIVATE_KEY', 'secret'],
    ['ACCESS_TOKEN_NEXT_KEY', 'secret'],
    ['OUTSIDE_ISSUER', 'secret'],
    ['OUTSIDE_ISSUER_JWKS_URL', 'file:///secret'],
    ['OUTSIDE_ISSUER_CREATES_USERS', 'yes'],
    ['ACCESS_TOKEN_PREVIOUS_KEY', 'secret'],
    ['LOG_LEVEL', 'loud'],
    ['HOST', '999.1.1.1'],
    ['HOST', 'host:3000'],
    ['HOST', 'http://host'],
    ['APP_NAME', 'Tenantry\r\nBcc: all@example.com'],
    ['APP_NAME', 'Tenantry\u202e'],
    ['APP_NAME', 'Acme: Cloud'],
    ['APP_NAME', 'a\u2028b'],
    ['APP_NAME', 'T'.repeat(61)],
    ['APP_NAME', ' Acme'],
    ['MEMBERS_MAX', '0'],
    ['MEMBERS_MAX', '1000000'],
    ['TEAMS_MAX_MEMBERS', 'none'],
    ['MEMBERS_COUNT_PENDING', 'yes'],
    ['DEFAULT_LANGUAGE', 'german!'],
    ['DEFAULT_LANGUAGE', 'x'],
    ['MAIL_FROM', 'nonsense'],
    ['MAIL_FROM', 'a@example.com, b@example.com'],
    ['MAIL_FROM', 'Tenantry <no-reply@example.com>\r\nBcc: all@example.com'],
    ['MAIL_FROM', 'Tenantry\r\nBcc: all@example.com <no-reply@example.com>'],
    ['CORS_ORIGINS', 'https://*.example.org'],
    ['SMTP_URL', 'http://secret'],
    ['TRUSTED_PROXIES', '10.0.0.1'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'fd00::/129'],
    ['TRUSTED_PROXIES', '0.0.0.0/0'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,balancer/8'],
    ['TRUSTED_PROXIES', 'loopback'],
    ['RATE_LIMIT_ADDRESS', '77'],
    ['RATE_LIMIT_ADDRESS', '0/60'],
    ['RATE_LIMIT_CALLER', '600/3601'],
    ['RATE_LIMIT_CALLER', '60/60/60'],
    ['RATE_LIMIT_SIGN_IN', '1.5/60'],
    ['RATE_LIMIT_SIGN_IN', 'off'],
  ])('refuses a bad %s (%s), naming it without its value', (name, value) => {
    const found = faults(environment({ [name]: value }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name} `));
    expect(found[0]).not.toContain(value);
  });

  it.each([
    ['HOST', '::1'],
    ['HOST', '0.0.0.0'],
    ['HOST', 'api-1.internal'],
    ['APP_NAME', 'Müller & Söhne <β>'],
    ['DEFAULT_LANGUAGE', 'pt-BR'],
    ['MAIL_FROM', 'no-reply@localhost'],
    ['MAIL_FROM', '"Tenantry, Inc." <no-reply@example.com>'],
    ['ENCRYPTION_KEYS', `2026:${KEY}, old_1:${KEY}`],
    ['CORS_ORIGINS', '*'],
    ['TRUSTED_PROXIES', '10.0.0.0/8, fd00::/8,192.0.2.1/32'],
    ['RATE_LIMIT_SIGN_IN', '30/300'],
  ])('takes %s=%s', (name, value) => {
    expect(faults(environment({ [name]: value }))).toEqual([]);
  });

  it('takes the signing key as base64 too, and no key of another kind', () => {
    const pem = environment()['ACCESS_TOKEN_PRIVATE_KEY'] ?? '';
    const base64 = Buffer.from(pem).toString('base64');
    expect(faults(environment({ ACCESS_TOKEN_PRIVATE_KEY: base64 }))).toEqual([]);
    const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(faults(environment({ ACCESS_TOKEN_PRIVATE_KEY: other }))).toHaveLength(1);
    expect(faults(environment({ ACCESS_TOKEN_NEXT_KEY: other }))).toHaveLength(1);
  });

  it('takes an outside issuer whole, by a name that is kept letter by letter, and that is not our own', () => {
    const whole = {
      OUTSIDE_ISSUER: 'https://issuer.example.com/',
      OUTSIDE_ISSUER_AUDIENCE: 'tenantry',
      OUTSIDE_ISSUER_JWKS_URL: 'https://issuer.example.com/keys',
    };
    expect(readConfig(environment()).outsideIssuer).toBeUndefined();
    expect(readConfig(environment(whole)).outsideIssuer).toEqual({
      url: whole.OUTSIDE_ISSUER,
      audience: 'tenantry',
      keysUrl: whole.OUTSIDE_ISSUER_JWKS_URL,
      createsUsers: false,
    });
    for (const name of Object.keys(whole)) {
      expect(faults(environment({ ...whole, [name]: undefined }))).toEqual([expect.stringContaining(' goes with ')]);
    }
    expect(faults(production(whole))).toEqual([]);
    expect(faults(production({ ...whole, OUTSIDE_ISSUER_JWKS_URL: 'http://issuer.example.com/keys' }))).toEqual([
      'OUTSIDE_ISSUER_JWKS_URL must begin with https:// in production',
    ]);
    expect(faults(environment({ ...whole, OUTSIDE_ISSUER: 'http://localhost:3000' }))).toEqual([
      'OUTSIDE_ISSUER must not be API_URL',
    ]);
  });

  it('takes the public half of the previous signing key, and none of another kind', () => {
    const pem = createPublicKey(environment()['ACCESS_TOKEN_PRIVATE_KEY'] ?? '').export({
      type: 'spki',
      format: 'pem',
    });
    const { otherAccessTokenKeys } = readConfig(environment({ ACCESS_TOKEN_PREVIOUS_KEY: pem.toString() }));
    expect(otherAccessTokenKeys.map(({ type }) => type)).toEqual(['public']);
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(faults(environment({ ACCESS_TOKEN_PREVIOUS_KEY: other }))).toHaveLength(1);
  });
});

describe('the configuration of production', () => {
  it('starts with sound values', () => {
    expect(faults(production())).toEqual([]);
  });

  it.each([
    ['SECRET_KEY', 'change-me-change-me-change-me-change-me-change-me'],
    ['SECRET_KEY', 'A'.repeat(64)],
    ['ENCRYPTION_KEYS', `good:${KEY},bad:${'A'.repeat(64)}`],
    ['ENCRYPTION_KEYS', undefined],
    ['METRICS_TOKEN', 'a'.repeat(32)],
    ['DATABASE_URL', 'postgresql://tenantry_app:change-me@localhost:5432/tenantry'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://*.example.org'],
    ['CORS_ORIGINS', 'https://app.example.com,http://app.example.com'],
    ['API_URL', 'http://api.example.com'],
    ['APP_URL', 'http://127.0.0.1.example.com'],
    ['SMTP_URL', undefined],
    ['SMTP_URL', 'http://mail.example.com'],
    ['METRICS_TOKEN', undefined],
    ['METRICS_TOKEN', 'short'],
  ])('refuses %s = %s, once', (name, value) => {
    expect(faults(production({ [name]: value }))).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000', 'https://api.example.com'])(
    'takes %s: nobody listens between a machine and itself',
    (url) => {
      expect(faults(production({ API_URL: url, APP_URL: url }))).toEqual([]);
    },
  );

  it('encrypts under no key that is in other use', () => {
    const { ENCRYPTION_KEYS } = production();
    expect(faults(production({ SECRET_KEY: KEY, ENCRYPTION_KEYS: `${ENCRYPTION_KEYS},b:${KEY}` }))).toEqual([
      'ENCRYPTION_KEYS must not hold SECRET_KEY',
    ]);
  });

  it('takes no placeholder of .env.example for a value', () => {
    const example = Object.fromEntries([...entries()].filter(([, value]) => value.includes('change-me')));
    const refused = faults(production(example)).map((fault) => fault.split(' ')[0]);
    expect(new Set(refused)).toEqual(new Set(Object.keys(example)));
  });
});

describe('.env.example', () => {
  it('names every variable that is read, and no other', () => {
    expect([...entries()].map(([name]) => name).toSorted()).toEqual(Object.keys(variables).toSorted());
  });

  it('sets nothing as it is: a copy of it starts what nothing at all starts', () => {
    expect(parseEnv(example)).toEqual({});
  });
});

describe('docker-compose.yml', () => {
  it('gives the server every variable of .env.example, but for where it listens, which is its own', () => {
    const [, app = ''] = readFileSync('docker-compose.yml', 'utf8').split(/^  app:$/m);
    const [service = ''] = app.split(/^ {2}\w+:$/m);
    const given = new Set([...service.matchAll(/^ {6}([A-Z_]+): /gm)].map(([, name]) => name));
    const missing = [...entries()].map(([name]) => name).filter((name) => !given.has(name));
    expect(missing).toEqual(['HOST', 'PORT']);
  });
});

/** Those of docker-compose.yml stand further in. */
function* entries(): Generator<[string, string]> {
  for (const line of example.split('\n')) {
    const [, name, value] = /^#([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) yield [name, value];
  }
}
