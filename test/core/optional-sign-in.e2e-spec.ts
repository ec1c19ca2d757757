import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { v7 as uuid } from 'uuid';
import { AppModule } from '../../src/app.module.ts';
import { Access, accessCookie } from '../../src/core/access/index.ts';
import { currentContext } from '../../src/core/context/context.ts';
import { Line } from '../../src/core/http/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';

const FRONT_END = 'https://app.example.com';

class Greeting {
  @Line({ min: 1, max: 20 })
  word: string;
}

@Controller('greetings')
class GreetingsController {
  @Post()
  @HttpCode(200)
  @Access.public('a test', { orSignedIn: true })
  greet(@Body() { word }: Greeting): object {
    return { word, user_id: currentContext().scope?.userId };
  }

  @Post('closed-to-credentials')
  @HttpCode(200)
  @Access.public('a test')
  greetAnybody(@Body() { word }: Greeting): object {
    return { word, user_id: currentContext().scope?.userId };
  }
}

describe('a public route that takes a credential', () => {
  let app: TestApp;
  let ada: Actor;
  beforeAll(async () => {
    const module = { module: AppModule, controllers: [GreetingsController] };
    app = await TestApp.start({ module, environment: { CORS_ORIGINS: FRONT_END } });
    ada = await app.actors.user();
  });
  afterAll(() => app.stop());

  const hello = { word: 'hello' };
  const byCookie = (origin: string) =>
    app.anonymous
      .post('/greetings', hello)
      .set('cookie', `${accessCookie.name}=${ada.api.token}`)
      .set('origin', origin);

  it('is called by nobody', async () => {
    const { body } = await app.anonymous.post('/greetings', hello).expect(200);
    expect(body).toEqual({ word: 'hello', user_id: null });
  });

  it('is called by whoever shows a good one, as themselves', async () => {
    const { body } = await ada.api.post('/greetings', hello).expect(200);
    expect(body.user_id).toBe(ada.userId);
  });

  it('refuses a bad one, also where a browser sends another, and before the body is looked at', async () => {
    const ended = await app.actors.user();
    await app.database.query('update sessions set ended_at = now() where id = $1', [ended.sessionId]);
    const expired = app.actors.token(ada.userId, ada.sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
    for (const [token, code] of [
      ['', 'unauthenticated'],
      ['x.y.z', 'unauthenticated'],
      [app.actors.token(uuid(), uuid()), 'unauthenticated'],
      [ended.api.token, 'unauthenticated'],
      [expired, 'token_expired'],
    ] as const) {
      const { body, headers } = await byCookie(FRONT_END).set('authorization', `Bearer ${token}`).expect(401);
      expect(body.code).toBe(code);
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
    }
    await app.anonymous.as('x.y.z').post('/greetings', { nonsense: true }).expect(401);
    await ended.api.post('/greetings', { nonsense: true }).expect(401);
    await ada.api.post('/greetings', { nonsense: true }).expect(422);
  });

  it('takes a cookie from an allowed origin alone', async () => {
    const { body } = await byCookie(FRONT_END).expect(200);
    expect(body.user_id).toBe(ada.userId);
    for (const origin of ['https://evil.example', 'null']) {
      expect((await byCookie(origin).expect(403)).body.code).toBe('csrf_failed');
    }
  });

  it('is told apart from one that takes none, which asks nobody who calls', async () => {
    const { body } = await app.anonymous.as('x.y.z').post('/greetings/closed-to-credentials', hello).expect(200);
    expect(body.user_id).toBeNull();
    const document: OpenAPIObject = createDocument(app.nest);
    const securityOf = (path: string) => document.paths[`/api/v1${path}`]?.post?.security;
    expect(securityOf('/greetings/closed-to-credentials')).toEqual([]);
    expect(securityOf('/greetings')).toEqual([{}, { access_token: [] }, { access_cookie: [] }]);
  });
});
