import type { OpenAPIObject } from '@nestjs/swagger';
import request, { type Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import { ORGANIZATION_PARAMETER, type Route } from '../../src/core/access/index.ts';
import { createDocument } from '../../src/core/http/openapi.ts';
import { problems } from '../../src/core/http/problems.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../../src/features/auth/access-tokens.ts';
import type { Actor, Organization } from './actors.ts';
import type { TestApp } from './app.ts';
import { bodyFor, fullPath, type Ids, isInOrganization, METHODS, pathOf, type Routes } from './routes.ts';
import { TAKEN } from './things.ts';

/** Who calls, of the organisation in the path. */
type Standing = 'owner' | 'outsider' | 'powerless' | 'suspended';
type Session = 'live' | 'none' | 'ended' | 'expired';

/** A request before it is sent; in order, until faults are put in. */
interface Draft {
  readonly standing: Standing;
  readonly session: Session;
  readonly ids: Ids;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | string | undefined;
  readonly query: string;
}

/** Something wrong with a request. Two of one part exclude each other. */
export interface Fault {
  readonly name: string;
  /** Its place in the order of judgement. */
  readonly rank: number;
  readonly part: keyof typeof parts;
  readonly code: keyof typeof problems;
  isFor(route: Route, document: Documented): boolean;
  put(draft: Draft, world: World): Draft;
}

const parts = { size: 0, session: 0, standing: 0, organization: 0, row: 0, precondition: 0, body: 0, query: 0 };

/** What the document says of a route. */
interface Documented {
  readonly parameters: readonly string[];
}

/** What the requests are about. */
interface World {
  readonly organization: Organization;
  readonly actors: Readonly<Record<Standing, Actor>>;
  readonly ids: Ids;
  /** Another organisation, whose slug is taken. */
  readonly other: Organization;
}

/** What each write with a rule of its own takes to break that rule alone. */
const CONFLICTS: ReadonlyMap<string, (world: World) => object> = new Map<string, (world: World) => object>([
  ['POST /organizations', ({ other }: World) => ({ name: 'Another', slug: other.slug })],
  ['PATCH /organizations/:organization_id', ({ other }: World) => ({ slug: other.slug })],
  ['POST /organizations/:organization_id/things', () => ({ name: TAKEN })],
  ['PATCH /organizations/:organization_id/things/:thing_id', () => ({ name: TAKEN })],
]);

const TOO_LARGE = 256 * 1024 + 1;
const HEADERS_TOO_LARGE = 20_000;

const always = () => true;
const isWrite = ({ method }: Route) => method !== 'GET';
const isProtected = ({ rule }: Route) => rule.kind !== 'public';
const rowOf = ({ path }: Route): string | undefined =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!).findLast((name) => name !== ORGANIZATION_PARAMETER);
const hasRow = (route: Route) => isProtected(route) && rowOf(route) !== undefined;
const labelOf = ({ method, path }: Route) => `${method} ${path}`;

const withHeader = (name: string, value: string) => (draft: Draft) => ({
  ...draft,
  headers: { ...draft.headers, [name]: value },
});
const withBody =
  (body: string, type = 'application/json') =>
  (draft: Draft) => ({
    ...draft,
    body,
    headers: { ...draft.headers, 'content-type': type },
  });
const withQuery = (query: string) => (draft: Draft) => ({ ...draft, query });
const inSession = (session: Session) => (draft: Draft) => ({ ...draft, session });
const standing = (who: Standing) => (draft: Draft) => ({ ...draft, standing: who });

/** The order of judgement of the contract, as ways to be refused. */
export const faultsOf = (route: Route): readonly Fault[] => {
  const withRow = (id: string) => (draft: Draft) => ({ ...draft, ids: new Map([...draft.ids, [rowOf(route)!, id]]) });
  return [
    // What the parser finds.
    fault(
      'headers too large',
      1,
      'size',
      'headers_too_large',
      always,
      withHeader('x-large', 'x'.repeat(HEADERS_TOO_LARGE)),
    ),
    fault('half a body', 1, 'body', 'malformed_json', isWrite, withBody('{"a":')),
    fault('body too large', 1, 'body', 'payload_too_large', isWrite, withBody(`"${'x'.repeat(TOO_LARGE)}"`)),
    fault('a form', 1, 'body', 'unsupported_media_type', isWrite, withBody('a=1', 'application/x-www-form-urlencoded')),
    fault('query not decodable', 1, 'query', 'bad_request', always, withQuery('a=%zz')),
    // Who calls.
    fault('no session', 3, 'session', 'unauthenticated', isProtected, inSession('none')),
    fault('session ended', 3, 'session', 'unauthenticated', isProtected, inSession('ended')),
    fault('token expired', 3, 'session', 'token_expired', isProtected, inSession('expired')),
    // Where.
    fault('organisation malformed', 5, 'organization', 'not_found', isInOrganization, (draft) => ({
      ...draft,
      ids: new Map([...draft.ids, [ORGANIZATION_PARAMETER, 'nonsense']]),
    })),
    fault("another's organisation", 5, 'standing', 'not_found', isInOrganization, standing('outsider')),
    fault('row malformed', 5, 'row', 'not_found', hasRow, withRow('nonsense')),
    // Whether they may.
    fault(
      'no permission',
      6,
      'standing',
      'permission_denied',
      ({ rule }) => rule.kind === 'permission',
      standing('powerless'),
    ),
    fault('suspended', 6, 'standing', 'member_suspended', isInOrganization, standing('suspended')),
    // What with.
    fault('row absent', 7, 'row', 'not_found', hasRow, withRow(uuid())),
    fault('If-Match malformed', 8, 'precondition', 'bad_request', takes('If-Match'), withHeader('if-match', 'no tag')),
    fault(
      'another version',
      9,
      'precondition',
      'precondition_failed',
      takes('If-Match'),
      withHeader('if-match', '"9999.x"'),
    ),
    fault('unknown member', 10, 'body', 'validation_failed', isWrite, withBody('{"unknown":1}')),
    fault('unknown parameter', 10, 'query', 'validation_failed', always, withQuery('unknown=1')),
    fault(
      'conflict',
      11,
      'body',
      'already_exists',
      (route) => CONFLICTS.has(labelOf(route)),
      (draft, world) => ({
        ...draft,
        body: CONFLICTS.get(labelOf(route))?.(world),
      }),
    ),
  ];
};

function fault(
  name: string,
  rank: number,
  part: Fault['part'],
  code: Fault['code'],
  isFor: Fault['isFor'],
  put: Fault['put'],
): Fault {
  return { name, rank, part, code, isFor, put };
}

function takes(parameter: string): Fault['isFor'] {
  return (_route, { parameters }) => parameters.includes(parameter);
}

/** One fault alone, or an earlier one with a later one. */
type Case = readonly [Fault] | readonly [earlier: Fault, later: Fault];

function casesOf(faults: readonly Fault[]): Case[] {
  const pairs = faults.flatMap((earlier) =>
    faults
      .filter((later) => later.rank > earlier.rank && later.part !== earlier.part)
      .map((later) => [earlier, later] as const),
  );
  return [...faults.map((alone) => [alone] as const), ...pairs];
}

/** Breaks one thing or two about a route, and tells what came of it. */
export class Judge {
  readonly #document: OpenAPIObject;

  constructor(
    private readonly app: TestApp,
    private readonly routes: Routes,
  ) {
    this.#document = createDocument(app.nest);
  }

  /** @returns each fault that the route can have, and each two of different rank that it can have together */
  casesOf(route: Route): Case[] {
    return casesOf(faultsOf(route).filter((fault) => fault.isFor(route, this.#documented(route))));
  }

  /** @returns the cases of a route that could have every fault */
  everyCase(route: Route): Case[] {
    return casesOf(faultsOf(route));
  }

  #documented(route: Route): Documented {
    const path = fullPath(route).replaceAll(/:(\w+)/g, '{$1}');
    const operation = this.#document.paths[path]?.[METHODS[route.method as keyof typeof METHODS]];
    const parameters = (operation?.parameters ?? []).flatMap((parameter) =>
      'name' in parameter ? parameter.name : [],
    );
    return { parameters };
  }

  /** An organisation with everybody whom the calls are made by, and what the route's path names. */
  async worldFor(route: Route): Promise<World> {
    const { actors } = this.app;
    const organization = await actors.organization();
    const [outsider, powerless, suspended, other] = await Promise.all([
      actors.user(),
      actors.member(organization, []),
      actors.member(organization, ['owner'], 'suspended'),
      actors.organization(),
    ]);
    return {
      organization,
      actors: { owner: organization.owner, outsider, powerless, suspended },
      ids: await this.routes.idsFor(route, organization),
      other,
    };
  }

  async call(route: Route, world: World, faults: readonly Fault[]): Promise<Response> {
    const inOrder: Draft = {
      standing: 'owner',
      session: 'live',
      ids: world.ids,
      headers: {},
      body: bodyFor(route),
      query: '',
    };
    return this.#send(
      route,
      faults.reduce((draft, fault) => fault.put(draft, world), inOrder),
      world,
    );
  }

  async #send(route: Route, draft: Draft, world: World): Promise<Response> {
    const method = METHODS[route.method as keyof typeof METHODS];
    const path = `${pathOf(route, draft.ids)}?${draft.query}`;
    const call = request(this.app.url)[method](path).set(draft.headers);
    const token = this.#token(world.actors[draft.standing], draft.session);
    if (token !== null && isProtected(route)) void call.auth(token, { type: 'bearer' });
    return draft.body === undefined ? call : call.send(draft.body);
  }

  #token({ userId, sessionId, api }: Actor, session: Session): string | null {
    const { actors } = this.app;
    if (session === 'none') return null;
    if (session === 'ended') return actors.token(userId, uuid());
    if (session === 'expired') return actors.token(userId, sessionId, ACCESS_TOKEN_LIFETIME_SECONDS + 1);
    return api.token;
  }
}
