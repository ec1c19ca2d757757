import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import request, { type Response, type Test } from 'supertest';
import { v7 as uuid } from 'uuid';
import { accessCookie, type Route } from '../../src/core/access/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { RequestLimits } from '../../src/core/limits/index.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import type { Actor, Organization } from './actors.ts';
import { TestApp } from './app.ts';
import {
  type DocumentedRoute,
  type Draft,
  EXHAUSTED_ADDRESS,
  type Fault,
  honoursKey,
  ORDER,
  type Standing,
  USED_KEY,
  type World,
} from './faults.ts';
import { bodyFor, documentedPath, METHODS, pathOf, Routes } from './routes.ts';
import { withThings } from './things.ts';

/** Enough for all that is not to be refused, and few enough to use up. */
const REQUESTS_EACH = 500;
const QUOTA = `${REQUESTS_EACH}/3600`;

/** One fault alone, or an earlier one with a later one. */
export type Case = readonly [Fault] | readonly [earlier: Fault, later: Fault];

/** Breaks one thing or two about each route of the whole application, and tells what came of it. */
export class Judge {
  readonly routes: readonly DocumentedRoute[];
  #addresses = 0;

  private constructor(
    readonly app: TestApp,
    private readonly calls: Routes,
  ) {
    const document = createDocument(app.nest);
    this.routes = calls.all.map((route) => ({ ...route, parameters: parametersOf(document, route) }));
  }

  static async start(): Promise<Judge> {
    const environment = {
      RATE_LIMIT_ADDRESS: QUOTA,
      RATE_LIMIT_CALLER: QUOTA,
      TRUSTED_PROXIES: '127.0.0.0/8',
    };
    const app = await TestApp.start({ module: withThings, environment });
    // What has been used up does not come back, however slow the machine is.
    app.clock.stop();
    const judge = new Judge(app, new Routes(app));
    for (let count = 0; count < REQUESTS_EACH; count += 1) {
      await app.nest.inject({ url: '/problems/unheard-of', headers: { 'x-forwarded-for': EXHAUSTED_ADDRESS } });
    }
    return judge;
  }

  /** An organisation with everybody by whom the route is called, and what its path names. */
  async worldFor(route: Route): Promise<World> {
    const [organization, other] = [await this.app.actors.organization(), await this.app.actors.organization()];
    const exhausted = await this.#everybodyIn(organization);
    for (const { userId } of Object.values(exhausted)) this.#exhaust(userId);
    const ids = await this.calls.idsFor(route, organization);
    const actors = await this.#everybodyIn(organization);
    ids.set('session_id', actors.owner.otherSessionId);
    await this.app.database.query(
      `update ownership_transfers set receiver_id = m.id from members m
         where ownership_transfers.organization_id = $1 and m.organization_id = $1 and m.user_id = $2`,
      [organization.id, actors.owner.userId],
    );
    await this.app.database.query(
      'update invitations set email = $2, email_key = $2 where id = $1 and organization_id <> $3',
      [ids.get('invitation_id'), actors.owner.email, organization.id],
    );
    if (route.stepUp) await this.#age(Object.values(actors));
    const world = { actors, exhausted, ids, other };
    const first = { ...this.#inOrder(route, world), body: {}, headers: { 'idempotency-key': USED_KEY } };
    if (honoursKey(route)) await this.#send(route, first, world).expect(takesBody(route) ? 422 : 200);
    return world;
  }

  async #everybodyIn(organization: Organization): Promise<Record<Standing, Actor>> {
    const { actors } = this.app;
    return {
      owner: await actors.member(organization, ['owner']),
      outsider: await actors.user(),
      powerless: await actors.member(organization, []),
      suspended: await actors.member(organization, ['owner'], 'suspended'),
    };
  }

  /** Their other sessions are of people who proved long ago who they are. */
  #age(people: readonly Actor[]): Promise<unknown> {
    return this.app.database.query(
      `update sessions set authenticated_at = now() - interval '1 day' where id = any ($1)`,
      [people.map(({ otherSessionId }) => otherSessionId)],
    );
  }

  #exhaust(userId: string): void {
    const limits = this.app.nest.get(RequestLimits);
    const reply = { header: () => undefined, getHeader: () => undefined } as unknown as FastifyReply;
    for (let count = 0; count < REQUESTS_EACH; count += 1) limits.countCaller(userId, reply);
  }

  async call(route: Route, world: World, faults: readonly Fault[]): Promise<Response> {
    const draft = this.#inOrder(route, world);
    return this.#send(
      route,
      faults.reduce((before, { put }) => put(before, world, route), draft),
      world,
    );
  }

  #inOrder(route: Route, { ids }: World): Draft {
    return {
      standing: 'owner',
      token: 'live',
      session: 'live',
      isForged: false,
      ids,
      headers: { 'x-forwarded-for': this.#newAddress() },
      body: bodyFor(route),
      query: '',
    };
  }

  #newAddress(): string {
    this.#addresses += 1;
    return `2001:db8:${this.#addresses.toString(16)}::1`;
  }

  #send(route: Route, draft: Draft, world: World): Test {
    const method = METHODS[route.method as keyof typeof METHODS];
    const path = `${pathOf(route, draft.ids)}?${draft.query}`;
    const call = request(this.app.url)[method](path).set(draft.headers);
    if (route.rule.kind !== 'public' && draft.token !== 'none') void call.set(this.#credential(draft, world));
    return draft.body === undefined ? call : call.send(draft.body);
  }

  /** A page of another site can have the browser send its cookies, and can't keep it from telling whose page it is. */
  #credential(draft: Draft, world: World): Record<string, string> {
    const token = this.#token(draft, world);
    return draft.isForged
      ? { cookie: `${accessCookie.name}=${token}`, origin: 'https://evil.example' }
      : { authorization: `Bearer ${token}` };
  }

  #token({ standing, token, session }: Draft, { actors, exhausted }: World): string {
    const { userId, sessionId, otherSessionId } = (token === 'exhausted' ? exhausted : actors)[standing];
    const sessions = { live: sessionId, ended: uuid(), of_long_ago: otherSessionId };
    const age = token === 'expired' ? ACCESS_TOKEN_LIFETIME_SECONDS + 1 : 0;
    return this.app.actors.token(userId, sessions[session], age);
  }
}

function takesBody(route: Route): boolean {
  return bodyFor(route) !== undefined;
}

function parametersOf(document: OpenAPIObject, route: Route): string[] {
  const path = documentedPath(route);
  const operation = document.paths[path]?.[METHODS[route.method as keyof typeof METHODS]];
  return (operation?.parameters ?? []).flatMap((parameter) => ('name' in parameter ? parameter.name : []));
}

/** @returns each fault that the route can have, and each two, one judged before the other, that it can have together */
export function casesOf(route: DocumentedRoute): Case[] {
  const order = ORDER.map((rank) => rank.filter(({ isFor }) => isFor(route)));
  return order.flatMap((rank, index) =>
    rank.flatMap((earlier): Case[] => {
      const later = order
        .slice(index + 1)
        .flat()
        .filter(({ part }) => part !== earlier.part);
      return [[earlier], ...later.map((fault) => [earlier, fault] as const)];
    }),
  );
}
