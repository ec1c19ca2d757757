import { Reflector } from '@nestjs/core';
import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import type { Route } from '../../src/core/access/index.ts';
import { SINGLE_USE_KEY } from '../../src/core/idempotency/single-use.decorator.ts';
import { TestApp } from '../support/app.ts';
import { bodyFor, pathOf, Routes } from '../support/routes.ts';

/** What the contract leaves out: calls that spend a token, or end what they are made with. */
const SINGLE_USE = /^\/(auth\/.+|invitations\/(lookup|accept|decline))$/;

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app);
const posts = routes.behindSignIn.filter(({ method }) => method === 'POST');
const reasonAgainst = ({ handler, controller }: Route): unknown =>
  new Reflector().getAllAndOverride(SINGLE_USE_KEY, [handler, controller]);

afterAll(() => app.stop());

it('a POST takes an Idempotency-Key, but for those that are single-use by themselves and say why', () => {
  const without = posts.filter((route) => reasonAgainst(route) !== undefined);
  expect(without.map(({ path }) => path)).toEqual(
    posts.map(({ path }) => path).filter((path) => SINGLE_USE.test(path)),
  );
  for (const route of without) expect(reasonAgainst(route)).toMatch(/\w+ \w+/);
});

describe.each(posts.filter((route) => reasonAgainst(route) === undefined))('$method $path', (route) => {
  it('has one effect and one answer, however often it is sent with one key', async () => {
    const organization = await app.actors.organization();
    const ids = await routes.idsFor(route, organization);
    const key = uuid();
    const send = async (): Promise<Response> =>
      organization.owner.api.outside('post', pathOf(route, ids), bodyFor(route, ids)).set('idempotency-key', key);

    const before = await app.database.contents();
    const first = await send();
    expect(first.ok).toBe(true);
    expect(await app.database.contents()).not.toEqual(before);

    const again = await app.changingNothing(send);
    expect(again).toMatchObject({ status: first.status, text: first.text });
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    for (const name of ['location', 'etag', 'link']) expect(again.headers[name]).toBe(first.headers[name]);
  });
});
