import { v7 as uuid } from 'uuid';
import { ORGANIZATION_PARAMETER, type Route, TEAM_PARAMETER } from '../../src/core/access/index.ts';
import { SINGLE_USE_KEY } from '../../src/core/idempotency/single-use.decorator.ts';
import type { problems } from '../../src/core/http/problems.ts';
import type { Actor, Organization } from './actors.ts';
import { type Ids, isInOrganization } from './routes.ts';
import { TAKEN } from './things.ts';

/** Who calls, of the organisation in the path. */
export type Standing = 'owner' | 'outsider' | 'powerless' | 'suspended';

/** What the requests about a route are made with. */
export interface World {
  readonly actors: Readonly<Record<Standing, Actor>>;
  /** The same standing, and no request left of their quota. */
  readonly exhausted: Readonly<Record<Standing, Actor>>;
  readonly ids: Ids;
  /** Another organisation, whose slug is taken. */
  readonly other: Organization;
}

/** A request before it is sent: in order, until faults are put in. */
export interface Draft {
  readonly standing: Standing;
  readonly token: 'live' | 'none' | 'expired' | 'exhausted';
  readonly session: 'live' | 'ended' | 'of_long_ago';
  /** Sent by a browser, as a page of another site has it do. */
  readonly isForged: boolean;
  readonly ids: Ids;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | string | undefined;
  readonly query: string;
}

/** A route, with the parameters of its path, query and header that the document names. */
export interface DocumentedRoute extends Route {
  readonly parameters: readonly string[];
}

/** Something wrong with a request. */
export interface Fault {
  readonly name: string;
  /** Where in the request; two faults of one part exclude each other. */
  readonly part:
    | 'size'
    | 'address'
    | 'token'
    | 'session'
    | 'site'
    | 'standing'
    | 'organization'
    | 'row'
    /** If-Match of a PATCH, PUT or DELETE, Idempotency-Key of a POST, X-Token-Transport of a sign-in. */
    | 'header'
    | 'body'
    | 'query';
  readonly code: keyof typeof problems;
  /** Whether the route can have it. */
  readonly isFor: (route: DocumentedRoute) => boolean;
  readonly put: (draft: Draft, world: World, route: Route) => Draft;
}

/** What each write with a rule of its own takes to break that rule alone. */
const CONFLICTS: ReadonlyMap<string, (world: World) => object> = new Map<string, (world: World) => object>([
  ['POST /organizations', ({ other }) => ({ name: 'Another', slug: other.slug })],
  ['PATCH /organizations/:organization_id', ({ other }) => ({ slug: other.slug })],
  ['POST /organizations/:organization_id/things', () => ({ name: TAKEN })],
  ['POST /organizations/:organization_id/things/:thing_id/copies', () => ({ name: TAKEN })],
  ['PATCH /organizations/:organization_id/things/:thing_id', () => ({ name: TAKEN })],
]);

/** The header by which a browser asks for cookies. */
const TRANSPORT = 'X-Token-Transport';

/** Of a call that each route has had before, with a body of its own. */
export const USED_KEY = 'used';

/** An address that has no request left. */
export const EXHAUSTED_ADDRESS = '203.0.113.1';
const TOO_MUCH = 'x'.repeat(256 * 1024);
/** Longer than routers usually let a parameter be, which nobody who may not be here is to notice. */
const NO_ID = 'x'.repeat(300);
const TOO_LONG = 'x'.repeat(20_000);

/** The order of judgement of the contract, as ways to be refused: each line is judged before the next one. */
export const ORDER: readonly (readonly Fault[])[] = [
  [
    fault('headers too large', 'size', 'headers_too_large', always, header('x-long', TOO_LONG)),
    fault('body too large', 'body', 'payload_too_large', isWrite, body(`"${TOO_MUCH}"`)),
    fault('a form', 'body', 'unsupported_media_type', isWrite, body('a=1', 'application/x-www-form-urlencoded')),
    fault('no body', 'body', 'unsupported_media_type', takesBody, (draft) => ({ ...draft, body: undefined })),
    fault('query not decodable', 'query', 'bad_request', always, query('a=%zz')),
  ],
  [
    fault(
      'too many of the address',
      'address',
      'rate_limited',
      isLimited,
      header('x-forwarded-for', EXHAUSTED_ADDRESS),
    ),
  ],
  // It costs much to find, and an address that has no request left is to cost little.
  [fault('half a body', 'body', 'malformed_json', isWrite, body('{"a":'))],
  // Only a token that has been verified tells whose the request is.
  [fault('too many of the caller', 'token', 'rate_limited', isClosed, token('exhausted'))],
  [
    fault('no token', 'token', 'unauthenticated', isClosed, token('none')),
    fault('token expired', 'token', 'token_expired', isClosed, token('expired')),
    fault('session ended', 'session', 'unauthenticated', isClosed, (draft) => ({ ...draft, session: 'ended' })),
  ],
  [
    fault('another site', 'site', 'csrf_failed', isClosedWrite, (draft) => ({ ...draft, isForged: true })),
    fault('a sign-in of another site', 'header', 'csrf_failed', takes(TRANSPORT), header(TRANSPORT, 'cookie')),
  ],
  [
    fault(
      'organisation malformed',
      'organization',
      'not_found',
      isInOrganization,
      id(() => ORGANIZATION_PARAMETER, NO_ID),
    ),
    fault("another's organisation", 'standing', 'not_found', isInOrganization, standing('outsider')),
    fault('row malformed', 'row', 'not_found', hasRow, id(rowIn, NO_ID)),
  ],
  // Whoever is suspended sees no team, whichever they ask for.
  [fault('suspended', 'standing', 'member_suspended', shutsOutSuspended, standing('suspended'))],
  [
    fault(
      'team absent',
      'row',
      'not_found',
      isInTeam,
      id(() => TEAM_PARAMETER, uuid()),
    ),
  ],
  [fault('no permission', 'standing', 'permission_denied', asksPermission, standing('powerless'))],
  [
    fault('proved long ago', 'session', 'step_up_required', asksStepUp, (draft) => ({
      ...draft,
      session: 'of_long_ago',
    })),
  ],
  [fault('row absent', 'row', 'not_found', hasRowBesides, id(rowIn, uuid()))],
  [
    fault('If-Match malformed', 'header', 'bad_request', takes('If-Match'), header('if-match', 'no tag')),
    fault('transport unknown', 'header', 'bad_request', takes(TRANSPORT), header(TRANSPORT, 'carrier pigeon')),
    fault('a cursor that is none', 'query', 'invalid_cursor', takes('cursor'), query('cursor=x&page=0')),
    fault('key malformed', 'header', 'bad_request', honoursKey, header('idempotency-key', 'x'.repeat(256))),
  ],
  [fault('another version', 'header', 'precondition_failed', takes('If-Match'), header('if-match', '"9999.x"'))],
  [
    fault('key of another call', 'header', 'idempotency_key_reused', honoursKey, header('idempotency-key', USED_KEY)),
    fault('unknown member', 'body', 'validation_failed', isWrite, body('{"unknown":1}')),
    fault('unknown parameter', 'query', 'validation_failed', always, query('unknown=1')),
  ],
  [
    fault('conflict', 'body', 'already_exists', hasConflict, (draft, world, route) => ({
      ...draft,
      body: CONFLICTS.get(labelOf(route))?.(world),
    })),
  ],
];

function fault(
  name: string,
  part: Fault['part'],
  code: Fault['code'],
  isFor: Fault['isFor'],
  put: Fault['put'],
): Fault {
  return { name, part, code, isFor, put };
}

function always(): boolean {
  return true;
}

function isWrite({ method }: Route): boolean {
  return method !== 'GET';
}

/** It means nothing without one. */
function takesBody({ method }: Route): boolean {
  return method === 'PATCH' || method === 'PUT';
}

/** Whoever watches over the server asks for its health, as often as they like. */
function isLimited({ path }: Route): boolean {
  return !path.startsWith('/health/');
}

function isClosed({ rule }: Route): boolean {
  return rule.kind !== 'public';
}

function isClosedWrite(route: Route): boolean {
  return isClosed(route) && isWrite(route);
}

export function honoursKey(route: Route): boolean {
  const isSingleUse = [route.handler, route.controller].some((target) => Reflect.hasMetadata(SINGLE_USE_KEY, target));
  return route.method === 'POST' && isClosed(route) && !isSingleUse;
}

function asksPermission({ rule }: Route): boolean {
  return rule.kind === 'permission';
}

function asksStepUp({ stepUp }: Route): boolean {
  return stepUp;
}

function hasRow(route: Route): boolean {
  return isClosed(route) && rowIn(route) !== undefined;
}

function shutsOutSuspended(route: Route): boolean {
  return isInOrganization(route) && !(route.rule.kind === 'member' && route.rule.even === 'suspended');
}

function isInTeam({ path }: Route): boolean {
  return path.includes(`:${TEAM_PARAMETER}`);
}

/** Whether the row is another than the team, which is judged with the organisation. */
function hasRowBesides(route: Route): boolean {
  return hasRow(route) && rowIn(route) !== TEAM_PARAMETER;
}

/** @returns the name of the last id in the path, where that is not the organisation's */
function rowIn({ path }: Route): string | undefined {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  return names.findLast((name) => name !== ORGANIZATION_PARAMETER);
}

function takes(parameter: string): Fault['isFor'] {
  return ({ parameters }) => parameters.includes(parameter);
}

function hasConflict(route: Route): boolean {
  return CONFLICTS.has(labelOf(route));
}

function labelOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

function header(name: string, value: string): Fault['put'] {
  return (draft) => ({ ...draft, headers: { ...draft.headers, [name]: value } });
}

function body(text: string, type = 'application/json'): Fault['put'] {
  return (draft) => ({ ...draft, body: text, headers: { ...draft.headers, 'content-type': type } });
}

function query(text: string): Fault['put'] {
  return (draft) => ({ ...draft, query: text });
}

function token(kind: Draft['token']): Fault['put'] {
  return (draft) => ({ ...draft, token: kind });
}

function standing(who: Standing): Fault['put'] {
  return (draft) => ({ ...draft, standing: who });
}

function id(name: (route: Route) => string | undefined, value: string): Fault['put'] {
  return (draft, _world, route) => ({ ...draft, ids: new Map([...draft.ids, [name(route) ?? '', value]]) });
}
