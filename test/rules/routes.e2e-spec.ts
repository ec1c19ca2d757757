import { applyDecorators, Controller, Get } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { v7 as uuid } from 'uuid';
import { AppModule } from '../../src/app.module.ts';
import { Access, type Route, StepUp } from '../../src/core/access/index.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import type { Actor } from '../support/actors.ts';
import { TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { testConfig } from '../support/environment.ts';
import { indistinct } from '../support/refusals.ts';
import { documentedPath, isWrite, METHODS, Routes } from '../support/routes.ts';

// The tests are made from the routes, so the application is there before they are.
const app = await TestApp.start();
const routes = new Routes(app);
const { behindSignIn, inOrganization } = routes;
const takingCredentials = routes.all.filter(({ rule }) => rule.kind !== 'public' || rule.orSignedIn);
const withStepUp = routes.all.filter(({ stepUp }) => stepUp);

afterAll(() => app.stop());

function isEvenDeleted({ rule }: Route): boolean {
  return rule.kind === 'permission' && rule.even === 'deleted';
}

function isEvenSuspended({ rule }: Route): boolean {
  return rule.kind === 'member' && rule.even === 'suspended';
}

describe('the routes', () => {
  it.each([
    [
      'names no rule',
      class PlantedController {
        list(): void {}
      },
      'planted',
      undefined,
      'PlantedController.list has no @Access',
    ],
    [
      'is for members, of no organisation',
      class PlantedController {
        list(): void {}
      },
      'planted',
      Access.member(),
      'PlantedController.list: a rule for members needs :organization_id',
    ],
    [
      'is about an organisation, and not for its members',
      class PlantedController {
        list(): void {}
      },
      'planted/:organization_id',
      Access.signedIn(),
      'PlantedController.list: a rule for members needs :organization_id',
    ],
    [
      'is open to everybody, and asks them to step up',
      class PlantedController {
        list(): void {}
      },
      'planted',
      applyDecorators(Access.public('a test'), StepUp()),
      'PlantedController.list: nobody steps up',
    ],
  ])('stop the start where one %s', async (_case, controller, path, access, message) => {
    const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, 'list')!;
    Controller(path)(controller);
    Get()(controller.prototype, 'list', descriptor);
    access?.(controller.prototype, 'list', descriptor);

    await expect(TestApp.start({ module: { module: AppModule, controllers: [controller] } })).rejects.toThrow(message);
  });
});

describe.each(takingCredentials)('$method $path', (route) => {
  it('is refused to whoever has no live session', async () => {
    const actor = await app.actors.user();
    await app.database.query('update sessions set ended_at = now() where id = $1', [actor.sessionId]);
    const expired = app.actors.token(actor.userId, actor.sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
    const nobodys = app.actors.token(uuid(), uuid());
    const callers: [Client, string][] = [
      [app.anonymous.as('x.y.z'), 'unauthenticated'],
      [actor.api, 'unauthenticated'],
      [app.anonymous.as(nobodys), 'unauthenticated'],
      [app.anonymous.as(expired), 'token_expired'],
    ];
    if (route.rule.kind !== 'public') callers.push([app.anonymous, 'unauthenticated']);
    for (const [caller, code] of callers) {
      const answer = await app.changingNothing(() => routes.call(caller, route));
      expect(answer).toMatchObject({ status: 401, body: { code } });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });
});

// Without this, no refusal below says anything of what a refused caller could change.
describe.each(behindSignIn.filter(isWrite))('$method $path', (route) => {
  it('changes something for the owner', async () => {
    const organization = await app.actors.sharedOrganization();
    const ids = await routes.idsFor(route, organization);
    const before = await app.database.contents();

    const answer = await routes.call(organization.owner.api, route, ids);

    expect(answer.ok).toBe(true);
    expect(await app.database.contents()).not.toEqual(before);
  });
});

describe.each(behindSignIn.filter((route) => route.method !== 'GET' && !isWrite(route)))('$method $path', (route) => {
  it('is a question, and changes nothing', async () => {
    const organization = await app.actors.organization();
    const ids = await routes.idsFor(route, organization);
    const answer = await app.changingNothing(() => routes.call(organization.owner.api, route, ids));
    expect(answer.status).toBe(200);
  });
});

describe.each(inOrganization)('$method $path', (route) => {
  it('is not there for an outsider, just as if there were no such organisation', async () => {
    const organization = await app.actors.organization();
    const outsider = await app.actors.user();
    await app.actors.organization(outsider);
    const former = await app.actors.member(organization, ['owner'], 'removed');
    const ids = await routes.idsFor(route, organization);

    const [absent, foreign, left] = await app.changingNothing(() =>
      Promise.all([
        routes.call(outsider.api, route),
        routes.call(outsider.api, route, ids),
        routes.call(former.api, route, ids),
      ]),
    );

    expect([absent.status, foreign.status, left.status]).toEqual([404, 404, 404]);
    expect(indistinct(foreign)).toBe(indistinct(absent));
    expect(indistinct(left)).toBe(indistinct(absent));
  });

  it(`is ${isEvenDeleted(route) ? '' : 'not '}there while the organisation is deleted, and for nobody after 30 days`, async () => {
    const organization = await app.actors.organization();
    const others = ['owner', 'admin', 'member'].map((role) => app.actors.member(organization, [role]));
    const members = [organization.owner, ...(await Promise.all(others))];
    const suspended = await app.actors.member(organization, ['owner'], 'suspended');
    const ids = await routes.idsFor(route, organization);
    const absent = await routes.call(organization.owner.api, route);
    const callAll = (all: readonly Actor[]) => Promise.all(all.map(({ api }) => routes.call(api, route, ids)));
    const deletedAgo = (age: string) =>
      app.database.query('update organizations set deleted_at = now() - $2::interval where id = $1', [
        organization.id,
        age,
      ]);

    for (const age of isEvenDeleted(route) ? ['30 days'] : ['0', '29 days', '30 days']) {
      await deletedAgo(age);
      const answers = await app.changingNothing(() => callAll([...members, suspended]));
      expect(new Set(answers.map(indistinct))).toEqual(new Set([indistinct(absent)]));
    }
    if (isEvenDeleted(route)) {
      await deletedAgo('29 days 23 hours');
      expect((await callAll(members)).map(({ status }) => status)).not.toContain(404);
    }
  });

  it(`is ${isEvenSuspended(route) ? 'open' : 'closed'} in a suspended organisation`, async () => {
    const organization = await app.actors.organization();
    const member = await app.actors.member(organization, ['owner']);
    const ids = await routes.idsFor(route, organization);
    await app.database.query('update organizations set suspended_at = now() where id = $1', [organization.id]);

    if (isEvenSuspended(route)) {
      expect((await routes.call(member.api, route, ids)).ok).toBe(true);
      return;
    }
    const closed = await app.changingNothing(() => routes.call(member.api, route, ids));
    expect(closed).toMatchObject({ status: 403, body: { code: 'organization_suspended' } });
  });
});

describe.each(withStepUp)('$method $path', (route) => {
  const age = (seconds: number, { sessionId }: Actor) =>
    app.database.query('update sessions set authenticated_at = now() - make_interval(secs => $2) where id = $1', [
      sessionId,
      seconds,
    ]);

  it('is refused to who proved more than ten minutes ago who they are, and changes nothing', async () => {
    const organization = await app.actors.organization();
    const ids = await routes.idsFor(route, organization);
    await age(11 * 60, organization.owner);

    const answer = await app.changingNothing(() => routes.call(organization.owner.api, route, ids));

    expect(answer).toMatchObject({ status: 403, body: { code: 'step_up_required' } });
    expect(answer.body.detail).toContain('/auth/step-up');
  });

  it('is open to who did within them', async () => {
    const organization = await app.actors.sharedOrganization();
    const ids = await routes.idsFor(route, organization);
    await age(9 * 60, organization.owner);

    expect((await routes.call(organization.owner.api, route, ids)).ok).toBe(true);
  });
});

it('tells who may not be here before what is wrong with the request', async () => {
  const organization = await app.actors.organization();
  const outsider = await app.actors.user();
  const powerless = await app.actors.member(organization, []);
  const path = `/organizations/${organization.id}?unknown=1`;
  const wrong = { nonsense: true };

  for (const [caller, status] of [
    [app.anonymous, 401],
    [outsider.api, 404],
    [powerless.api, 403],
    [organization.owner.api, 422],
  ] as const) {
    expect((await caller.get(path)).status).toBe(status);
    expect((await caller.patch(path, wrong)).status).toBe(status);
    expect((await caller.patch(`/organizations/${organization.id}`, wrong)).status).toBe(status);
    expect((await caller.patch(`/organizations/no-id`, wrong)).status).toBe(status === 401 ? 401 : 404);
  }
});

describe('the OpenAPI document', () => {
  const document: OpenAPIObject = createDocument(app.nest);
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(METHODS).flatMap(([method, name]) => {
      const operation = item[name];
      return operation ? [{ label: `${method} ${path}`, operation }] : [];
    }),
  );
  const documentedRoutes = new Map(routes.all.map((route) => [`${route.method} ${documentedPath(route)}`, route]));

  it('is built without a database', async () => {
    const settings = testConfig({ API_URL: 'https://elsewhere.example' });
    const unconnected = await createApplication(AppModule.of(settings), settings);
    expect(createDocument(unconnected)).toEqual(document);
    await unconnected.close();
  });

  it('is served', async () => {
    const { body } = await app.anonymous.outside('get', '/openapi.json').expect(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('has every route of the API', () => {
    const documented = new Set(operations.map(({ label }) => label));
    const missing = [...documentedRoutes.keys()].filter(
      (label) => label.includes('/api/v1/') && !documented.has(label),
    );
    expect(missing).toEqual([]);
  });

  it('names each operation once', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(operations)('tells of $label what it does and who may call it', ({ label, operation }) => {
    const { rule, stepUp } = documentedRoutes.get(label)!;
    expect(operation.operationId).toMatch(/^[a-z][a-zA-Z]*_[a-zA-Z]+$/);
    expect(operation.summary).toMatch(/^\S.*[^.]$/);
    expect(operation.tags).toHaveLength(1);
    const isPublic = rule.kind === 'public';
    const takesCredential = !isPublic || rule.orSignedIn;
    expect(operation.security ?? []).toEqual([
      ...(isPublic && takesCredential ? [{}] : []),
      ...(takesCredential ? [{ access_token: [] }, { access_cookie: [] }] : []),
    ]);
    const refusals = Object.keys(operation.responses).filter((status) => ['401', '403', '404'].includes(status));
    if (takesCredential) expect(refusals).toContain('401');
    if (rule.kind === 'member' || rule.kind === 'permission') expect(refusals).toEqual(['401', '403', '404']);
    if (rule.kind === 'permission') expect(operation).toMatchObject({ 'x-permission': rule.permission });
    expect(operation['x-step-up' as keyof typeof operation] ?? false).toBe(stepUp);
    const inPath = [...label.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = (operation.parameters ?? []).filter((parameter) => 'in' in parameter && parameter.in === 'path');
    // Those that the handler takes come first; in OpenAPI the order means nothing.
    const names = parameters.map((parameter) => 'name' in parameter && parameter.name);
    expect(names.toSorted()).toEqual(inPath.toSorted());
  });
});
