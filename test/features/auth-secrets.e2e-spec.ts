import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { SigningKey } from '../../src/core/crypto/index.ts';
import { AuthApp, PASSWORD, type Tokens } from '../support/auth.ts';

describe('secrets', () => {
  let app: AuthApp;
  beforeAll(async () => void (app = await AuthApp.start()));
  afterAll(() => app.stop());

  describe('an access token', () => {
    let good: Tokens;
    let claims: jwt.JwtPayload;
    let key: SigningKey;
    beforeAll(async () => {
      good = await app.person();
      claims = jwt.decode(good.access_token) as jwt.JwtPayload;
      key = app.test.nest.get(SigningKey, { strict: false });
    });

    const signed = (changes: object, header: object = {}) =>
      jwt.sign({ ...claims, ...changes }, key.privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', typ: 'at+jwt', kid: key.id, ...header },
      });
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    /** Signed in order, whatever the header says. */
    const signedBy = (privateKey: KeyObject, header: object) => {
      const content = `${encoded({ alg: 'ES256', typ: 'at+jwt', kid: key.id, ...header })}.${encoded(claims)}`;
      const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${content}.${signature.toString('base64url')}`;
    };
    const byStranger = (header: object) => signedBy(stranger.privateKey, header);
    const withHeader = (header: object) => signedBy(key.privateKey, header);

    it('is as the contract says, and verifies with the published key', async () => {
      const { body, headers } = await app.test.anonymous.outside('get', '/.well-known/jwks.json');
      expect(headers['content-type']).toContain('application/json');
      expect(body.keys).toHaveLength(1);
      const decoded = jwt.decode(good.access_token, { complete: true })!;
      expect(decoded.header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: body.keys[0].kid });
      const publicKey = createPublicKey({ key: body.keys[0], format: 'jwk' });
      expect(jwt.verify(good.access_token, publicKey, { algorithms: ['ES256'] })).toEqual({
        iss: 'http://localhost:3000',
        aud: 'http://localhost:3000',
        sub: expect.any(String),
        sid: good.session_id,
        iat: expect.any(Number),
        exp: claims.iat! + 600,
        jti: expect.any(String),
        amr: ['email'],
        auth_time: expect.any(Number),
      });
      await app.me(signed({})).expect(200);
      await app.me(withHeader({})).expect(200);
    });

    it.each<[string, () => string]>([
      ['no algorithm', () => `${encoded({ alg: 'none', typ: 'at+jwt', kid: key.id })}.${encoded(claims)}.`],
      [
        'the public key as a secret',
        () => {
          const content = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid: key.id })}.${encoded(claims)}`;
          const secret = key.publicKey.export({ type: 'spki', format: 'pem' });
          return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
        },
      ],
      [
        'another key',
        () =>
          jwt.sign(claims, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, {
            algorithm: 'ES256',
            header: { alg: 'ES256', typ: 'at+jwt', kid: key.id },
          }),
      ],
      [
        'an edited payload',
        () => {
          const [header, , signature] = good.access_token.split('.');
          return `${header}.${encoded({ ...claims, sub: randomUUID() })}.${signature}`;
        },
      ],
      ['another type', () => signed({}, { typ: 'JWT' })],
      ['no type', () => signed({}, { typ: undefined })],
      ['no JSON, and a type by which it is', () => withHeader({ typ: 'JWT' }).replace(/\..*\./, '.AAAA.')],
      ['a foreign key id', () => signed({}, { kid: 'foreign' })],
      ['no key id', () => signed({}, { kid: undefined })],
      ['a key id that every object has', () => signed({}, { kid: 'constructor' })],
      ['a key id that is no text', () => withHeader({ kid: [key.id] })],
      ['a key id that is a path', () => signed({}, { kid: '../../dev/null' })],
      ['a key of its own', () => byStranger({ jwk: stranger.publicKey.export({ format: 'jwk' }) })],
      ['the address of a key', () => byStranger({ jku: 'https://elsewhere.example/.well-known/jwks.json' })],
      ['the address of a certificate', () => byStranger({ x5u: 'https://elsewhere.example/certificate.pem' })],
      ['a certificate', () => byStranger({ x5c: ['MIIB'] })],
      ['a key of its own, with its own id', () => byStranger({ kid: new SigningKey(stranger.privateKey).id })],
      ['another algorithm, as it says', () => withHeader({ alg: 'RS256' })],
      ['an HMAC that is a signature', () => byStranger({ alg: 'HS512' })],
      ['an RSA key', () => signedBy(rsa, { alg: 'RS256', kid: key.id })],
      [
        'no algorithm, in capitals',
        () => `${encoded({ alg: 'NONE', typ: 'at+jwt', kid: key.id })}.${encoded(claims)}.`,
      ],
      ['no signature', () => `${good.access_token.split('.').slice(0, 2).join('.')}.`],
      ['a signature of zeros', () => `${good.access_token.split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`],
      ['a beginning in the future', () => signed({ nbf: claims.iat! + 3600 })],
      ['no audience', () => signed({ aud: undefined })],
      ['no issuer', () => signed({ iss: undefined })],
      ['another audience', () => signed({ aud: 'https://elsewhere.example' })],
      ['another issuer', () => signed({ iss: 'https://elsewhere.example' })],
      ['an end in the past', () => signed({ iat: 1, exp: 2 })],
      ['a session of another user', () => signed({ sub: randomUUID() })],
      ['a session that is not there', () => signed({ sid: randomUUID() })],
    ])('with %s is refused', async (_, forged) => {
      await app.me(forged()).expect(401);
    });

    it('is no other secret that the server has given away', async () => {
      await app.me(good.refresh_token).expect(401);
      await app.me(good.session_id).expect(401);
      await app.me(await app.register(app.newAddress())).expect(401);
    });

    it('is taken from the Authorization header alone', async () => {
      await app.test.anonymous.get(`/me?access_token=${good.access_token}`).expect(401);
      await app.test.anonymous.get('/me').set('cookie', `access_token=${good.access_token}`).expect(401);
    });
  });

  describe('the database, as the server sees it', () => {
    let connection: pg.Client;
    let tokens: Tokens;
    beforeAll(async () => {
      tokens = await app.person();
      await app.person();
      connection = new pg.Client({ connectionString: app.test.database.url('tenantry_app') });
      await connection.connect();
      const { sub } = jwt.decode(tokens.access_token) as { sub: string };
      await connection.query(`select set_config('app.user_id', $1, false)`, [sub]);
    });
    afterAll(() => connection.end());

    it.each([
      'select hash from passwords',
      'select * from passwords',
      'update passwords set changed_at = now()',
      'update users set email_key = email_key',
      'update sessions set created_at = now()',
      'select * from email_tokens',
      'select * from sign_in_failures',
      'select * from mfa_challenges',
      'update mfa_challenges set attempts = 0',
      'select * from second_factor_failures',
      'delete from second_factor_failures',
      'update recovery_codes set used_at = null',
      'update totp_secrets set last_step = 0',
      'update totp_secrets set activated_at = now()',
      'select * from sign_in_counts',
      'delete from sign_in_counts',
      'select * from security_events',
      `update security_events set action = 'auth.nothing'`,
      'delete from security_events',
      'truncate security_events',
      `insert into security_events (user_id, action, outcome) values (null, 'auth.signed_in', 'success')`,
      'update users set suspended_at = null',
      'delete from refresh_tokens',
    ])('refuses: %s', async (statement) => {
      await expect(connection.query(statement)).rejects.toMatchObject({ code: '42501' });
    });

    it.each(['users', 'sessions', 'refresh_tokens'])('shows a person their own %s alone', async (table) => {
      const column = table === 'users' ? 'id' : 'user_id';
      const { rows } = await connection.query(`select distinct ${column} as owner from ${table}`);
      expect(rows).toEqual([{ owner: (jwt.decode(tokens.access_token) as { sub: string }).sub }]);
    });

    it('forgives nothing while an address is blocked: a right guess among too many is refused as well', async () => {
      const hash = Buffer.alloc(32, 7);
      const guess = `select app.record_failed_sign_in('nobody@example.com', 'auth.sign_in_failed', $1, $1, null, '127.0.0.1', null, 'guess') as wait`;
      const forgive = 'select app.forgive_failed_sign_ins($1) as wait';
      const waits: number[] = [];
      for (let attempt = 0; attempt < 11; attempt++) waits.push((await connection.query(guess, [hash])).rows[0].wait);
      expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
      expect((await connection.query(forgive, [hash])).rows).toEqual([{ wait: 1 }]);
      await app.test.database.query('update sign_in_failures set blocked_until = now()');
      expect((await connection.query(forgive, [hash])).rows).toEqual([{ wait: 0 }]);
      expect(await app.test.database.query('select from sign_in_failures where address_hash = $1', [hash])).toEqual([]);
    });

    it('keeps no token, password or address where an event is', async () => {
      await app.login(app.newAddress(), PASSWORD).expect(401);
      const [events] = await app.test.database.query(`select string_agg(e::text, ' ') as text from security_events e`);
      expect(events!['text']).not.toMatch(/@|example|Ada/);
      const tables = [
        'passwords',
        'refresh_tokens',
        'email_tokens',
        'sessions',
        'users',
        'sign_in_failures',
        'security_events',
      ];
      for (const table of tables) {
        const [dump] = await app.test.database.query(`select string_agg(t::text, ' ') as text from ${table} t`);
        for (const secret of [PASSWORD, tokens.refresh_token, tokens.access_token])
          expect(dump!['text']).not.toContain(secret);
      }
    });
  });
});
