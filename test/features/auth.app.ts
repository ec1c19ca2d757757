import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config } from '../../src/config/index.ts';
import { Mailbox } from '../../src/core/mail/index.ts';
import { TestApp } from '../support/app.ts';
import type { TestDatabase } from '../support/database.ts';

const POLL_MS = 10;
const LONGEST_WAIT_MS = 5_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  session_id: string;
}

interface Sending {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** The application with the calls of a person who signs in. */
export class AuthApp {
  readonly database: TestDatabase;
  readonly nest: NestFastifyApplication;
  readonly #app: TestApp;

  private constructor(app: TestApp) {
    this.#app = app;
    this.database = app.database;
    this.nest = app.nest;
  }

  static async start(): Promise<AuthApp> {
    return new AuthApp(await TestApp.start());
  }

  get secretKey(): Buffer {
    return this.nest.get(Config).secretKey;
  }

  stop(): Promise<void> {
    return this.#app.stop();
  }

  roundTrips(work: () => Promise<unknown>): Promise<number> {
    return this.#app.roundTrips(work);
  }

  async send(method: string, path: string, { body, token, headers = {} }: Sending = {}): Promise<Answer> {
    const answer = await fetch(this.#app.url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  post(path: string, body?: unknown, token?: string): Promise<Answer> {
    return this.send('POST', `/api/v1${path}`, { body, ...(token !== undefined && { token }) });
  }

  me(token?: string): Promise<Answer> {
    return this.send('GET', '/api/v1/me', token === undefined ? {} : { token });
  }

  /** @returns the token of the newest verification link, of `count` that the address was sent */
  async mailedToken(email: string, count = 1): Promise<string> {
    const mails = await this.mails(email, count);
    return /#token=([\w-]{43})/.exec(mails.map(({ text }) => text).join('\n'))?.[1] ?? '';
  }

  /** Waits until the address was sent so many, as long as a test may take. @returns them, newest first */
  async mails(email: string, count: number): Promise<readonly { subject: string; text: string }[]> {
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += POLL_MS) {
      const mails = this.nest.get(Mailbox).list(email);
      if (mails.length >= count) return mails;
      await delay(POLL_MS);
    }
    throw new Error(`${email} was not sent ${count} mails`);
  }

  /** A verified person, signed in. */
  async person(email: string, password: string, name = 'Ada Lovelace'): Promise<Tokens> {
    await this.post('/auth/register', { email, name });
    const { body } = await this.post('/auth/email/verify', { token: await this.mailedToken(email), password });
    return body;
  }
}
