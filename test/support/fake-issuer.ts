import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';

const SECONDS_VALID = 3600;

interface Pair {
  readonly kid: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A service that signs people in and publishes its keys, as Supabase Auth does. */
export class FakeIssuer {
  /** How often its keys were asked for. */
  questions = 0;
  /** What it answers, in place of its keys. */
  answer: { status: number; body: string } | undefined;
  /** How long it takes to answer, in milliseconds. */
  delay = 0;
  #pairs: Pair[] = [newPair('ES256'), newPair('RS256')];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_request, response) => {
      this.questions += 1;
      const keys = this.#pairs.map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
        use: 'sig',
      }));
      const { status, body } = this.answer ?? { status: 200, body: JSON.stringify({ keys }) };
      const headers = { 'content-type': 'application/json', location: `${this.url}/elsewhere` };
      setTimeout(() => response.writeHead(status, headers).end(body), this.delay);
    });
  }

  static async start(): Promise<FakeIssuer> {
    const issuer = new FakeIssuer();
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    return issuer;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/auth/v1/`;
  }

  get environment(): Record<string, string> {
    return {
      OUTSIDE_ISSUER: this.url,
      OUTSIDE_ISSUER_AUDIENCE: 'authenticated',
      OUTSIDE_ISSUER_JWKS_URL: `${this.url}.well-known/jwks.json`,
    };
  }

  get pair(): Pair {
    return this.#pairs[0]!;
  }

  rotate(): void {
    this.#pairs = [newPair('ES256'), this.pair];
  }

  claims(email: string, changes: object = {}): object {
    const now = Math.floor(Date.now() / 1000);
    const its = { iss: this.url, aud: 'authenticated', sub: randomUUID(), iat: now, exp: now + SECONDS_VALID };
    return { ...its, email, email_verified: true, session_id: randomUUID(), ...changes };
  }

  /** @returns a token as it issues them, with changes; an undefined claim is left out */
  token(email: string, changes: object = {}, header: object = {}, { kid, algorithm, privateKey } = this.pair): string {
    const claims = JSON.parse(JSON.stringify(this.claims(email, changes)));
    return jwt.sign(claims, privateKey, { algorithm, header: { alg: algorithm, typ: 'JWT', kid, ...header } });
  }

  byRsa(email: string): string {
    return this.token(email, {}, {}, this.#pairs[1]);
  }
}

function newPair(algorithm: Pair['algorithm']): Pair {
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid: randomUUID(), algorithm, privateKey, publicKey };
}
