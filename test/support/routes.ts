import { Reflector } from '@nestjs/core';
import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { AccessTable, ORGANIZATION_PARAMETER, type Route } from '../../src/core/access/index.ts';
import { READING_KEY } from '../../src/core/idempotency/reading.decorator.ts';
import type { Organization } from './actors.ts';
import type { TestApp } from './app.ts';
import type { Client } from './client.ts';
import { invite } from './invited.ts';
import { PASSWORD, PASSWORD_HASH } from './password.ts';
import { RECOVERY_CODE, TestFactor } from './second-factor.ts';
import { Teams } from './teams.ts';

const OUTSIDE_PREFIX = /^\/(health|metrics|problems|dev|\.well-known)(\/|$)/;
/** Not in a path: by these names `idsFor` tells what a body takes. */
const CODE = 'code';
const MEMBER = ':member_id';
const RECEIVER = 'receiver_id';
export const METHODS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

/** Sees to it that the call changes something for the owner. @returns ids for its path, and what its body takes */
type Preparation = (app: TestApp, organization: Organization) => Promise<Readonly<Record<string, string>>>;

const withPassword: Preparation = async ({ database }, { owner: { userId } }) => {
  await database.query('insert into passwords (user_id, hash) values ($1, $2) on conflict do nothing', [
    userId,
    PASSWORD_HASH,
  ]);
  return {};
};

const withPendingFactor: Preparation = async (app, { owner }) => ({
  [CODE]: (await TestFactor.enroll(app, owner.api)).code(),
});

const withFactor: Preparation = async (app, { owner }) => {
  await TestFactor.active(app, owner);
  return { [CODE]: RECOVERY_CODE };
};

const deleted: Preparation = async ({ database }, { id }) => {
  await database.query('update organizations set deleted_at = now() where id = $1', [id]);
  return {};
};

const withReceiver: Preparation = async ({ actors }, organization) => ({
  [RECEIVER]: (await actors.member(organization)).memberId,
});

/** A team, and somebody to put into it. */
const inTeam: Preparation = async (app, organization) => ({
  team_id: await new Teams(app, organization).create(),
  ...(await withReceiver(app, organization)),
});

/** By another owner, to the owner. */
const offered: Preparation = async ({ actors, database }, organization) => {
  const [transferId, { memberId }] = [uuid(), await actors.member(organization, ['owner'])];
  await database.query(
    `insert into ownership_transfers (organization_id, id, proposer_id, receiver_id, keep_role)
       select organization_id, $2, $3, id, 'admin' from members where organization_id = $1 and user_id = $4`,
    [organization.id, transferId, memberId, organization.owner.userId],
  );
  return { transfer_id: transferId };
};

/** Into another organisation. */
const invited: Preparation = async ({ actors, database }, { owner: { email } }) => ({
  invitation_id: (await invite(database, await actors.organization(), { email })).id,
});
const deletedTeam: Preparation = async ({ database }, { id }) => {
  const teamId = uuid();
  await database.query(
    `insert into teams (organization_id, id, name, slug, deleted_at) values ($1, $2, 'Gone', $3, now())`,
    [id, teamId, `gone-${teamId}`],
  );
  return { team_id: teamId };
};

/** What the owner has to have, before such a call changes something. */
const PREPARED: ReadonlyMap<string, Preparation> = new Map([
  ['POST /auth/step-up', withPassword],
  ['POST /me/mfa/totp/activate', withPendingFactor],
  ['POST /me/mfa/recovery-codes', withFactor],
  ['DELETE /me/mfa/totp', withFactor],
  ['POST /me/invitations/:invitation_id/accept', invited],
  ['POST /organizations/:organization_id/restore', deleted],
  ['POST /organizations/:organization_id/teams/:team_id/restore', deletedTeam],
  ['POST /organizations/:organization_id/ownership-transfers', withReceiver],
  ['POST /organizations/:organization_id/ownership-transfers/:transfer_id/accept', offered],
  ['GET /organizations/:organization_id/ownership-transfers/:transfer_id', offered],
  ['DELETE /organizations/:organization_id/ownership-transfers/:transfer_id', offered],
  ['GET /organizations/:organization_id/teams/:team_id/members', inTeam],
  ['POST /organizations/:organization_id/teams/:team_id/members', inTeam],
  ['GET /organizations/:organization_id/teams/:team_id/members/:team_member_id', inTeam],
  ['PATCH /organizations/:organization_id/teams/:team_id/members/:team_member_id', inTeam],
  ['DELETE /organizations/:organization_id/teams/:team_id/members/:team_member_id', inTeam],
]);

type Body = object | ((ids: Ids) => object) | undefined;

/** A code that is right for whom `idsFor` has prepared, and wrong for everybody else. */
const withCode: Body = (ids) => ({ code: ids.get(CODE) ?? '000000' });

/** What each write behind a sign-in takes, so that it would change something if it were let. */
const BODIES: ReadonlyMap<string, Body> = new Map<string, Body>([
  ['POST /auth/logout', undefined],
  ['POST /auth/step-up', { password: PASSWORD }],
  ['DELETE /auth/sessions', undefined],
  ['DELETE /auth/sessions/:session_id', undefined],
  ['POST /organizations', { name: 'Another' }],
  ['PATCH /organizations/:organization_id', { name: 'Another', metadata: { another: true } }],
  ['DELETE /organizations/:organization_id', undefined],
  ['POST /organizations/:organization_id/restore', undefined],
  ['PATCH /organizations/:organization_id/members/:member_id', { roles: ['admin'], status: 'suspended' }],
  ['DELETE /organizations/:organization_id/members/me', undefined],
  ['DELETE /organizations/:organization_id/members/:member_id', undefined],
  [
    'PUT /organizations/:organization_id/members/me/preferences',
    { team_order: [], sidebar_preferences: { open: true } },
  ],
  ['POST /organizations/:organization_id/ownership-transfers', (ids) => ({ member_id: ids.get(RECEIVER) ?? uuid() })],
  ['POST /organizations/:organization_id/ownership-transfers/:transfer_id/accept', undefined],
  ['DELETE /organizations/:organization_id/ownership-transfers/:transfer_id', undefined],
  [
    'POST /organizations/:organization_id/invitations',
    { email: 'grace@example.com', roles: ['member'], message: 'Welcome' },
  ],
  [
    'POST /organizations/:organization_id/invitations/batch',
    { invitations: [{ email: 'alan@example.com', roles: ['member'] }] },
  ],
  ['POST /organizations/:organization_id/invitations/:invitation_id/resend', undefined],
  ['DELETE /organizations/:organization_id/invitations/:invitation_id', undefined],
  [
    'POST /organizations/:organization_id/teams/:team_id/members',
    (ids) => ({ member_id: ids.get(RECEIVER) ?? uuid(), role: 'member' }),
  ],
  ['PATCH /organizations/:organization_id/teams/:team_id/members/:team_member_id', { role: 'viewer' }],
  ['DELETE /organizations/:organization_id/teams/:team_id/members/:team_member_id', undefined],
  [
    'POST /organizations/:organization_id/roles',
    { key: 'another', name: 'Another', scope: 'organization', permissions: ['members:read'] },
  ],
  ['PATCH /organizations/:organization_id/roles/:role_id', { name: 'Changed', permissions: [] }],
  ['DELETE /organizations/:organization_id/roles/:role_id', undefined],
  ['POST /organizations/:organization_id/teams', { name: 'Another' }],
  ['PATCH /organizations/:organization_id/teams/:team_id', { name: 'Changed', visibility: 'private' }],
  ['DELETE /organizations/:organization_id/teams/:team_id', undefined],
  ['POST /organizations/:organization_id/teams/:team_id/restore', undefined],
  ['POST /organizations/:organization_id/roles/preview', { permissions: ['teams:read'] }],
  ['POST /organizations/:organization_id/access/check', { checks: [{ permission: 'teams:read' }] }],
  ['PUT /me/password', { new_password: 'battery staple, correct horse' }],
  ['POST /me/email', { email: 'another@example.com' }],
  ['PATCH /me', { name: 'Another' }],
  ['POST /me/mfa/totp', undefined],
  ['POST /me/mfa/totp/activate', withCode],
  ['POST /me/mfa/recovery-codes', withCode],
  ['DELETE /me/mfa/totp', withCode],
  ['DELETE /me', undefined],
  ['POST /me/invitations/:invitation_id/accept', undefined],
  // Of the routes that tests bring (things.ts).
  ['POST /organizations/:organization_id/things', { name: 'Another' }],
  ['POST /organizations/:organization_id/things/:thing_id/copies', { name: 'Another' }],
  ['PATCH /organizations/:organization_id/things/:thing_id', { name: 'Another' }],
  ['DELETE /organizations/:organization_id/things/:thing_id', undefined],
]);

/** Ids by the names that they have in a path. */
export type Ids = ReadonlyMap<string, string>;

/** Every route of an application, called as it wants to be called: for the tests that are made from the routes. */
export class Routes {
  readonly all: readonly Route[];

  constructor(private readonly app: TestApp) {
    this.all = app.nest.get(AccessTable).routes;
  }

  get behindSignIn(): Route[] {
    return this.all.filter(({ rule }) => rule.kind !== 'public');
  }

  get inOrganization(): Route[] {
    return this.all.filter(isInOrganization);
  }

  /** Calls the route with the ids in its path, and with one that nothing has for each other name. */
  async call(caller: Client, route: Route, ids: Ids = new Map()): Promise<Response> {
    const method = METHODS[route.method as keyof typeof METHODS];
    return caller.outside(method, pathOf(route, ids), bodyFor(route, ids));
  }

  /**
   * @returns the ids in the route's path: the organisation's, its owner's other session's, a member's, and of what its owner makes
   * by a POST to the path before the id; and what its body takes
   */
  async idsFor({ method, path }: Route, organization: Organization): Promise<Map<string, string>> {
    const { id, owner } = organization;
    const ids = new Map([
      [ORGANIZATION_PARAMETER, id],
      ['session_id', owner.otherSessionId],
    ]);
    if (path.includes(MEMBER)) ids.set('member_id', (await this.app.actors.member(organization)).memberId);
    const prepared = await PREPARED.get(label({ method, path }))?.(this.app, organization);
    for (const [name, value] of Object.entries(prepared ?? {})) ids.set(name, value);
    for (const [place, name = ''] of path.matchAll(/\/:(\w+)/g)) {
      const collection = path.slice(0, path.indexOf(place));
      const create = this.all.find((route) => route.method === 'POST' && route.path === collection);
      if (create && !ids.has(name)) ids.set(name, (await this.call(owner.api, create, ids)).body.id);
    }
    return ids;
  }
}

export function isInOrganization({ rule }: Route): boolean {
  return rule.kind === 'member' || rule.kind === 'permission';
}

/** @throws Error for a write behind a sign-in of which nobody has said what it takes */
export function bodyFor(route: Route, ids: Ids = new Map()): object | undefined {
  const name = label(route);
  if (route.method !== 'GET' && route.rule.kind !== 'public' && !BODIES.has(name))
    throw new Error(`${name} is missing from BODIES`);
  const body = BODIES.get(name);
  return typeof body === 'function' ? body(ids) : body;
}

/** @returns whether the route is there to change something */
export function isWrite({ method, handler }: Pick<Route, 'method' | 'handler'>): boolean {
  return method !== 'GET' && new Reflector().get<boolean | undefined>(READING_KEY, handler) === undefined;
}

function label({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/** @returns the path from the server's root, with its parameters' names in it */
export function fullPath({ path }: Route): string {
  return OUTSIDE_PREFIX.test(path) ? path : `/api/v1${path}`;
}

/** @returns the path as the OpenAPI document has it */
export function documentedPath(route: Route): string {
  return fullPath(route).replaceAll(/:(\w+)/g, '{$1}');
}

/** @returns the path with the ids in it, and with one that nothing has for each other name */
export function pathOf(route: Route, ids: Ids): string {
  return fullPath(route).replaceAll(/:(\w+)/g, (_, name: string) => ids.get(name) ?? uuid());
}
