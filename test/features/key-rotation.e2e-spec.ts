import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import jwt from 'jsonwebtoken';
import { newSigningKey, rotated, type SigningKeys, TOKEN_LIFETIME_SECONDS } from '../../prisma/keys/signing-keys.ts';
import { AppModule } from '../../src/app.module.ts';
import { type Config, readConfig } from '../../src/config/index.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { AuthApp, type Tokens } from '../support/auth.ts';
import { Client } from '../support/client.ts';
import { TestClock } from '../support/clock.ts';
import { environment } from '../support/environment.ts';
import { served } from '../support/served.ts';
import { until } from '../support/until.ts';

const pems = ({ current, next, previous }: SigningKeys): Record<string, string> => ({
  ACCESS_TOKEN_PRIVATE_KEY: current,
  ...(next !== undefined && { ACCESS_TOKEN_NEXT_KEY: next }),
  ...(previous !== undefined && { ACCESS_TOKEN_PREVIOUS_KEY: previous }),
});
const kidOf = ({ access_token }: Tokens) => jwt.decode(access_token, { complete: true })?.header.kid;

/** A server that is given a new configuration: another process takes its place, and then it ends. */
class Server {
  #nest: NestFastifyApplication | undefined;
  client: Client;

  async configure(config: Config): Promise<void> {
    const before = this.#nest;
    const nest = await createApplication(AppModule.of(config), config, new TestClock());
    await nest.listen(0, '127.0.0.1');
    this.#nest = nest;
    this.client = new Client(await nest.getUrl());
    await before?.close();
  }

  async stop(): Promise<void> {
    await this.#nest?.close();
  }
}

describe('the key of access tokens', () => {
  const secrets = environment();
  let app: AuthApp;
  let people: Tokens[];
  let keys: SigningKeys = { current: newSigningKey(), next: newSigningKey(), previous: undefined };
  const servers = [new Server(), new Server()] as const;
  const configOf = (its: SigningKeys) =>
    readConfig({
      ...secrets,
      NODE_ENV: 'development',
      DATABASE_URL: app.test.database.url('tenantry_app'),
      DIRECT_DATABASE_URL: app.test.database.url('tenantry_worker'),
      ...pems(its),
    });
  const published = async (server: Server): Promise<string[]> => {
    const { body } = await server.client.outside('get', '/.well-known/jwks.json').expect(200);
    return body.keys.map(({ kid }: { kid: string }) => kid);
  };

  beforeAll(async () => {
    app = await AuthApp.start({ SECRET_KEY: secrets['SECRET_KEY']!, ...pems(keys) });
    // Before there are more servers, any of which might deliver the mails.
    people = await Promise.all(Array.from({ length: 4 }, () => app.person()));
    for (const server of servers) await server.configure(configOf(keys));
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await app.stop();
  });

  it('is published before it signs, and after it has', async () => {
    const before = await published(servers[0]);
    expect(before).toHaveLength(2);
    const tokens = people[0]!;
    expect(kidOf(tokens)).toBe(before[0]);
    const server = new Server();
    await server.configure(configOf(rotated(keys)));
    const after = await published(server);
    expect(after).toEqual([before[1], expect.any(String), before[0]]);
    await server.client.as(tokens.access_token).get('/me').expect(200);
    await server.configure(configOf({ ...rotated(keys), previous: undefined }));
    await server.client.as(tokens.access_token).get('/me').expect(401);
    await server.stop();
  });

  it('rotates while two servers are called, one after the other, and no request fails', async () => {
    const kids = new Set<string | undefined>();
    const failures: unknown[] = [];
    let isOver = false;
    let calls = 0;
    const rounds = people.map(() => 0);
    const expected = async (call: () => PromiseLike<{ status: number; body: Tokens }>) => {
      const answer = await served(call);
      calls += 1;
      if (answer.status !== 200) failures.push(answer.body);
      return answer.body;
    };
    // A session is renewed by one server, and its tokens are shown to both.
    const use = async (place: number, [first, second]: readonly Server[]) => {
      for (let tokens = people[place]!; !isOver; rounds[place]! += 1) {
        const spent = tokens.refresh_token;
        tokens = await expected(() => first!.client.post('/auth/refresh', { refresh_token: spent }));
        kids.add(kidOf(tokens));
        for (const server of [second!, first!]) {
          await expected(() => server.client.as(tokens.access_token).get('/me'));
        }
      }
    };
    const load = Promise.all(people.map((_, place) => use(place, place % 2 ? servers : servers.toReversed())));
    for (let rotation = 0; rotation < 3; rotation++) {
      keys = rotated(keys, new Date(Date.now() + rotation * TOKEN_LIFETIME_SECONDS * 1000));
      for (const server of servers) await server.configure(configOf(keys));
      // What else takes those ten minutes: no token is left of the key before.
      const before = [...rounds];
      await until(() => rounds.every((round, place) => round > before[place]! + 1));
    }
    isOver = true;
    await load;
    expect(failures).toEqual([]);
    expect(kids.size).toBeGreaterThan(1);
    expect(calls).toBeGreaterThan(50);
  });
});
