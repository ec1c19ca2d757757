import { Controller, Get, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { MetadataScanner, Reflector, type DiscoveryService } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { firstValueFrom, of } from 'rxjs';
import { Access } from '../../src/core/access/index.ts';
import { PathId } from '../../src/core/http/index.ts';
import { AccessGuard } from '../../src/core/access/access.guard.ts';
import { AccessTable } from '../../src/core/access/access-table.ts';
import { ClaimsCache } from '../../src/core/access/claims-cache.ts';
import { Origins } from '../../src/core/access/origins.ts';
import { OutsideTokens } from '../../src/core/access/outside-tokens.ts';
import { ScopeInterceptor } from '../../src/core/access/scope.interceptor.ts';
import { currentContext } from '../../src/core/context/context.ts';
import type { Database } from '../../src/core/database/index.ts';
import { RequestLimits } from '../../src/core/limits/index.ts';
import { TestClock } from '../support/clock.ts';
import { testConfig } from '../support/environment.ts';

const { jest } = import.meta;
const clock = new TestClock();
const inSeconds = (seconds: number): number => clock.seconds() + seconds;
const claims = (expiresAt: number) => ({ userId: 'u', sessionId: 's', expiresAt });

class Routes {
  ruled(): void {}
  aboutRow(_id: string): void {}
  helper(): void {}
  unruled(): void {}
}

function decorate(name: keyof Routes, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, name)!;
  for (const decorator of decorators) decorator(Routes.prototype, name, descriptor);
}

decorate('ruled', Get('/things/:organization_id/'), Access.member());
PathId('thing_id')(Routes.prototype, 'aboutRow', 0);
decorate('aboutRow', Access.member());
Controller('/')(Routes);

function executionOf(handler: Function, request: object): ExecutionContext {
  const reply = { header: () => reply, getHeader: () => undefined };
  // The parts of Nest's context that the guard and the interceptor look at.
  return {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
  } as unknown as ExecutionContext;
}

describe('the cache of verified tokens', () => {
  it('knows a token until it expires', () => {
    const cache = new ClaimsCache(clock);
    const [live, dying] = [claims(inSeconds(60)), claims(inSeconds(0))];
    cache.keep('live', live);
    cache.keep('dying', dying);
    expect(cache.find('live')).toBe(live);
    expect(cache.find('dying')).toBeUndefined();
    expect(cache.find('dying')).toBeUndefined();
    expect(cache.find('never seen')).toBeUndefined();
  });

  it('is bounded: the oldest is verified again', () => {
    const cache = new ClaimsCache(clock);
    for (let i = 0; i <= 10_000; i += 1) cache.keep(`token ${i}`, claims(inSeconds(60)));
    expect(cache.find('token 0')).toBeUndefined();
    expect(cache.find('token 1')).toBeDefined();
    expect(cache.find('token 10000')).toBeDefined();
  });
});

describe('the table of routes', () => {
  const tableOf = (...metatypes: unknown[]): AccessTable => {
    const discovery = { getControllers: () => metatypes.map((metatype) => ({ metatype, instance: metatype && {} })) };
    return new AccessTable(discovery as unknown as DiscoveryService, new MetadataScanner(), new Reflector());
  };

  it('lists what has a path, and nothing else of a controller', () => {
    const table = tableOf(null, Routes);
    table.onModuleInit();
    const { ruled } = Routes.prototype;
    expect(table.routes).toEqual([
      {
        controller: Routes,
        handler: ruled,
        method: 'GET',
        path: '/things/:organization_id',
        rule: { kind: 'member', even: null, also: {} },
        label: 'Routes.ruled',
        stepUp: false,
      },
    ]);
  });

  it('takes a route of one path only, so that none is overlooked', () => {
    class Several {
      both(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Several.prototype, 'both')!;
    Get(['a', 'b'])(Several.prototype, 'both', descriptor);
    Access.public('planted')(Several.prototype, 'both', descriptor);
    Controller()(Several);
    expect(() => tableOf(Several).onModuleInit()).toThrow('one path each');
  });

  it.each([
    ['a deleted team that no path names', '/organizations/:organization_id', 'about a deleted team'],
    ['a team outside its organisation', '/teams/:team_id', 'in the path of its organisation'],
  ])('takes no route of %s', (_, path, refusal) => {
    class Team {
      restore(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Team.prototype, 'restore')!;
    Get(path)(Team.prototype, 'restore', descriptor);
    const access = path.includes(':organization_id')
      ? Access('teams:delete', { even: 'deleted_team' })
      : Access.public('planted');
    access(Team.prototype, 'restore', descriptor);
    Controller()(Team);
    expect(() => tableOf(Team).onModuleInit()).toThrow(refusal);
  });
});

describe('the guard', () => {
  const cache = new ClaimsCache(clock);
  cache.keep('known', claims(inSeconds(60)));
  const guard = new AccessGuard(
    new Reflector(),
    cache,
    new RequestLimits(testConfig(), clock),
    new Origins(testConfig()),
    new OutsideTokens(),
  );
  const request = (params?: object): FastifyRequest =>
    ({ headers: { authorization: 'Bearer known' }, params }) as unknown as FastifyRequest;

  it('refuses a route without a rule, should one ever be reached', async () => {
    await expect(guard.canActivate(executionOf(Routes.prototype.unruled, request()))).rejects.toMatchObject({
      code: 'permission_denied',
    });
  });

  it('does not take a strategy that says yes and names nobody at its word', async () => {
    const passport = jest.spyOn(Object.getPrototypeOf(AccessGuard.prototype), 'canActivate').mockResolvedValue(true);
    const asked = { headers: { authorization: 'Bearer unknown' } };
    await expect(guard.canActivate(executionOf(Routes.prototype.ruled, asked))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    passport.mockRestore();
  });

  it.each([
    [
      'a well-formed id',
      { organization_id: '01a1f000-0000-7000-8000-000000000003' },
      '01a1f000-0000-7000-8000-000000000003',
    ],
    ['an id of another version', { organization_id: '01a1f000-0000-4000-8000-000000000003' }, /^[0-]+$/],
    ['no id', {}, /^[0-]+$/],
    ['no parameters', undefined, /^[0-]+$/],
  ])('asks for the organisation of the path: %s', async (_, params, organizationId) => {
    const asked = request(params);
    await guard.canActivate(executionOf(Routes.prototype.ruled, asked));
    expect(asked.scope?.organizationId).toEqual(
      typeof organizationId === 'string' ? organizationId : expect.stringMatching(organizationId),
    );
    expect(asked.scope?.settled).toBe(false);
  });

  it.each([
    ['01a1f000-0000-7000-8000-000000000004', true],
    ['nonsense', false],
    [undefined, false],
  ])('asks for no organisation where an id of a row is malformed: %s', async (id, isAsked) => {
    const organizationId = '01a1f000-0000-7000-8000-000000000003';
    const asked = request({ organization_id: organizationId, thing_id: id });
    await guard.canActivate(executionOf(Routes.prototype.aboutRow, asked));
    expect(asked.scope?.organizationId === organizationId).toBe(isAsked);
  });
});

describe('the interceptor', () => {
  const interceptor = new ScopeInterceptor({} as Database);
  const scopeSeen: CallHandler<unknown> = { handle: () => of(currentContext().scope?.organizationId) };

  it("runs a handler that no guard has seen in no one's scope", async () => {
    const request = { id: 'r', ip: 'fe80::1%eth0', headers: {} };
    const addressSeen: CallHandler<unknown> = { handle: () => of(currentContext().request?.ipAddress) };
    const execution = executionOf(Routes.prototype.ruled, request);
    expect(await firstValueFrom(interceptor.intercept(execution, addressSeen))).toBe('fe80::1');
    const gone = executionOf(Routes.prototype.ruled, { ...request, ip: undefined });
    expect(await firstValueFrom(interceptor.intercept(gone, addressSeen))).toBe('::');
    expect(
      await firstValueFrom(interceptor.intercept(executionOf(Routes.prototype.ruled, request), scopeSeen)),
    ).toBeNull();
  });
});
