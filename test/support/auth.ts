import type { Response, Test } from 'supertest';
import { v7 } from 'uuid';
import { randomToken, tokenHash } from '../../src/core/crypto/index.ts';
import type { KeptMail } from '../../src/core/mail/index.ts';
import { TestApp } from './app.ts';
import { PASSWORD, PASSWORD_HASH } from './password.ts';

export { PASSWORD } from './password.ts';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly session_id: string;
}

export interface SignedIn extends Tokens {
  readonly userId: string;
}

interface SecurityEvent {
  readonly id: string;
  readonly action: string;
  readonly session_id: string | null;
  readonly ip_address: string;
  readonly request_id: string;
}

/** The application, called by people who come in by its own door. */
export class AuthApp {
  #people = 0;

  private constructor(readonly test: TestApp) {}

  static async start(environment: Record<string, string> = {}, port = 0): Promise<AuthApp> {
    return new AuthApp(await TestApp.start({ environment, port }));
  }

  stop(): Promise<void> {
    return this.test.stop();
  }

  newAddress(): string {
    this.#people += 1;
    return `ada.${this.#people}@example.com`;
  }

  post(path: string, body?: object): Test {
    return this.test.anonymous.post(path, body);
  }

  login(email: string, password: string): Test {
    return this.post('/auth/login', { email, password });
  }

  verify(token: string, password?: string): Test {
    return this.post('/auth/email/verify', { token, ...(password !== undefined && { password }) });
  }

  refresh(refreshToken: string, userAgent = 'one'): Test {
    return this.post('/auth/refresh', { refresh_token: refreshToken }).set('user-agent', userAgent);
  }

  /** Asks for a magic link. @returns the token of the newest of the `count` mails that the address is sent */
  async magicLink(email: string, count = 1): Promise<string> {
    await this.post('/auth/magic-links', { email }).expect(202);
    return this.mailedToken(email, count);
  }

  /** Asks for a link to set another password. @returns the token of the newest of the `count` mails that the address is sent */
  async resetLink(email: string, count = 1): Promise<string> {
    await this.post('/auth/password/forgot', { email }).expect(202);
    return this.mailedToken(email, count);
  }

  reset(token: string, password: string): Test {
    return this.post('/auth/password/reset', { token, password });
  }

  changePassword(accessToken: string, body: object): Test {
    return this.test.anonymous.as(accessToken).send('put', '/me/password', body);
  }

  changeEmail(accessToken: string, body: object): Test {
    return this.test.anonymous.as(accessToken).post('/me/email', body);
  }

  signInByLink(token: string): Test {
    return this.post('/auth/magic-links/verify', { token });
  }

  me(accessToken: string): Test {
    return this.test.anonymous.as(accessToken).get('/me');
  }

  /** @returns the token of the newest link of the `count` that the address is sent */
  async mailedToken(email: string, count = 1): Promise<string> {
    const mails = await this.test.mailsTo(email, count);
    return tokenIn(mails[0]!);
  }

  /** Registers. @returns the token that the address is sent */
  async register(email: string, name = 'Ada'): Promise<string> {
    await this.post('/auth/register', { email, name }).expect(202);
    return this.mailedToken(email);
  }

  /** A person with the password, signed in: rows as verification leaves them, without the mail, its link and the hashing. */
  async someone(email = this.newAddress()): Promise<SignedIn> {
    const [userId, sessionId, refreshToken] = [v7(), v7(), randomToken()];
    await this.test.database.query(
      `with u as (insert into users (id, email, email_key, name) values ($1, $2, $2, 'Ada') returning id),
         p as (insert into passwords (user_id, hash) select id, $3 from u),
         s as (insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
                 select id, $4, now() + interval '30 days', '{email}', '127.0.0.1' from u returning user_id, id)
       insert into refresh_tokens (user_id, session_id, hash) select user_id, id, $5 from s`,
      [userId, email, PASSWORD_HASH, sessionId, tokenHash(refreshToken)],
    );
    const accessToken = this.test.actors.token(userId, sessionId);
    return { userId, access_token: accessToken, refresh_token: refreshToken, session_id: sessionId };
  }

  /** A person who comes in by registration: where its mail and its events matter. */
  async person(email = this.newAddress(), password = PASSWORD): Promise<Tokens> {
    const { body } = await this.verify(await this.register(email), password).expect(200);
    return body;
  }

  /** The person's own log, oldest first. */
  eventsOf(email: string): Promise<SecurityEvent[]> {
    return this.test.database.query<SecurityEvent>(
      'select e.* from security_events e join users u on u.id = e.user_id where u.email_key = $1 order by e.id',
      [email],
    );
  }
}

export function tokenIn({ text }: KeptMail): string {
  return /#token=([\w-]+)/.exec(text)?.[1] ?? '';
}

/** An answer without what may differ between two that are the same. */
export function comparable({ status, headers, body }: Response): unknown {
  const { request_id: _, ...rest } = body;
  return { status, body: rest, headers: Object.keys(headers).toSorted(), type: headers['content-type'] };
}
