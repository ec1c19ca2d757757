import type { OpenAPIObject } from '@nestjs/swagger';
import type { Response } from 'supertest';
import { v7 as uuid } from 'uuid';
import type { Route } from '../../src/core/access/index.ts';
import type { Client } from './client.ts';
import { bodyFor, documentedPath, fullPath, METHODS } from './routes.ts';
import { SECRET_NAME, SECRET_SLUG, SEEN_TEAMS, TEAM_MEMBERS, type Twin, UNSEEN_TEAMS } from './twins.ts';

/** A request in which ids are names, so that it is said alike of two organisations: `/api/v1/organizations/@organization`. */
export interface Sentence {
  readonly method: keyof typeof METHODS;
  readonly path: string;
  readonly body: object | undefined;
}

const NAME = /@[a-z-]+/g;
const TEAMS = [...UNSEEN_TEAMS, ...SEEN_TEAMS];
const MEMBERS = ['@grace', '@owner', 'me'];
/** What a path is asked with. */
const IN_PATHS: Readonly<Record<string, readonly string[]>> = {
  organization_id: ['@organization'],
  team_id: TEAMS,
  team_member_id: TEAM_MEMBERS,
  member_id: MEMBERS,
  session_id: ['@nothing'],
  invitation_id: ['@invitation'],
  role_id: ['@role'],
  transfer_id: ['@nothing'],
};
/** Names of each kind in a path that stand for the others. */
const FEW = new Set([
  '@organization',
  '@secret',
  '@open',
  '@grace',
  '@grace-in-open',
  '@invitation',
  '@role',
  '@nothing',
]);
const TIME = '2026-01-01T00:00:00.000Z';
/** Of what may name a team by other means than an id. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  q: [SECRET_NAME, 's', 'beneath'],
  role: ['admin', 'member'],
  slug: [SECRET_SLUG],
  name: [SECRET_NAME],
};

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly example?: unknown;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

/** What can be asked of each route about teams, made of the document of the API. */
export class Sentences {
  constructor(private readonly document: OpenAPIObject) {}

  /**
   * @returns requests to the route as it is usually called, about every team in its path; and about one that is seen and one that is not,
   * with each parameter of its query and with each team in each place of its body
   */
  of(route: Route): Sentence[] {
    const method = route.method as keyof typeof METHODS;
    const operation = this.#operationOf(route);
    const paths = pathsOf(fullPath(route));
    const few = paths.filter((path) => namesIn(path).every((name) => FEW.has(name)));
    if (method === 'GET') {
      const queries = this.#queriesOf(operation).flatMap((query) => few.map((path) => `${path}?${query}`));
      return [...paths, ...queries].map((path) => ({ method, path, body: undefined }));
    }
    const usual = bodyFor(route, new Map([['receiver_id', '@newcomer']]));
    const bodies = this.#bodiesOf(operation, usual);
    return [
      ...few.flatMap((path) => bodies.map((body) => ({ method, path, body }))),
      ...paths.map((path) => ({ method, path, body: usual })),
    ];
  }

  #operationOf(route: Route): Operation {
    const path = documentedPath(route);
    return (this.document.paths[path]?.[METHODS[route.method as keyof typeof METHODS]] ?? {}) as Operation;
  }

  #queriesOf({ parameters = [] }: Operation): string[] {
    return parameters
      .filter((parameter) => parameter.in === 'query' && parameter.name !== 'cursor')
      .flatMap(({ name, schema = {} }) =>
        valuesOf(name, this.#whole(schema)).map((value) => `${name}=${String(value)}`),
      );
  }

  /** With each team in each place for one, and each member of what is usual alone. */
  #bodiesOf({ requestBody }: Operation, usual: object = {}): object[] {
    const schema = this.#whole(requestBody?.content?.['application/json']?.schema ?? {});
    const alone = Object.entries(usual).map(([name, value]) => ({ [name]: value }));
    return [...this.#variants(schema, usual), ...(alone.length > 1 ? alone : [])];
  }

  #variants(schema: Schema, usual: object): object[] {
    const properties = Object.entries(schema.properties ?? {}).map(
      ([name, property]) => [name, this.#whole(property)] as const,
    );
    return properties.flatMap(([name, property]) =>
      this.#fillings(name, property, Reflect.get(usual, name)).map((value) => ({ ...usual, [name]: value })),
    );
  }

  #fillings(name: string, schema: Schema, usual: unknown): unknown[] {
    if (schema.properties) return this.#variants(schema, Object(usual ?? this.#sample(schema)));
    const item = schema.items && this.#whole(schema.items);
    if (item?.properties) {
      const [first] = Array.isArray(usual) ? usual : [];
      return this.#variants(item, Object(first ?? this.#sample(item))).map((value) => [value]);
    }
    if (item) return /team/.test(name) ? valuesOf(name, item).map((value) => [value]) : [];
    return /team/.test(name) || name in TEXTS ? valuesOf(name, schema) : [];
  }

  /** Of an object: what it requires, by the examples that it has. */
  #sample(schema: Schema): object {
    const required = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(required.map(([name, property]) => [name, this.#exampleOf(name, this.#whole(property))]));
  }

  #exampleOf(name: string, { example, items, enum: values }: Schema): unknown {
    if (example !== undefined) return example;
    if (values) return values[0];
    return items ? [this.#exampleOf(name, this.#whole(items))] : valuesOf(name, {})[0];
  }

  #whole(schema: Schema): Schema {
    const { $ref } = schema;
    if ($ref === undefined) return schema;
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return this.document.components?.schemas?.[name] ?? {};
  }
}

/** @throws Error for an id in a path of which nobody has said what there is to ask for */
function pathsOf(path: string): string[] {
  const name = /:(\w+)/.exec(path)?.[1];
  if (name === undefined) return [path];
  const values = IN_PATHS[name];
  if (!values) throw new Error(`${path}: say in IN_PATHS which ${name} there is to ask for`);
  return values.flatMap((value) => pathsOf(path.replace(`:${name}`, value)));
}

/** @throws Error for what may name a team, and of which nobody has said how */
function valuesOf(name: string, schema: Schema): unknown[] {
  const { type, format, enum: values } = schema.items ?? schema;
  if (values) return [...values];
  if (/team_(?:id|order)$/.test(name)) return TEAMS;
  if (name.endsWith('member_id')) return MEMBERS.filter((value) => value !== 'me');
  if (name in TEXTS) return [...TEXTS[name]!];
  if (format === 'date-time') return [TIME];
  if (format === 'uuid') return ['@nothing'];
  if (type === 'integer') return [1];
  if (type === 'boolean') return [true, false];
  if (/team/.test(name)) throw new Error(`say what "${name}" names of a team`);
  return [SECRET_SLUG];
}

function namesIn(path: string): string[] {
  return [...path.matchAll(NAME)].map(([name]) => name);
}

/** Says the sentence about one organisation. @returns the answer, as far as it does not tell which of the two it is about */
export async function answerTo({ method, path, body }: Sentence, caller: Client, twin: Twin): Promise<string> {
  const nothing = uuid();
  const said = (text: string): string => text.replaceAll(NAME, (name) => twin.ids.get(name) ?? nothing);
  const given =
    body &&
    JSON.parse(JSON.stringify(body), (_, value: unknown) =>
      typeof value === 'string' && value.startsWith('@') ? said(value) : value,
    );
  const response = await caller.outside(METHODS[method], said(path), given);
  return toldBy(response, twin);
}

/** They differ from call to call. */
const OF_THE_CALL = ['date', 'x-request-id', 'ratelimit', 'content-length', 'connection', 'keep-alive'];

function toldBy({ status, headers, text }: Response, { ids }: Twin): string {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const others = new Map<string, string>();
  const nameOf = (id: string): string => {
    const name = names.get(id) ?? others.get(id) ?? `#${others.size}`;
    if (!names.has(id)) others.set(id, name);
    return name;
  };
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_CALL.includes(name));
  const lines = [status, ...kept.map(([name, value]) => `${name}: ${value}`).toSorted(), '', text].join('\n');
  return (
    lines
      .replaceAll(/(etag: (?:W\/)?"\d+)\.[\w-]+"/g, '$1.…"')
      .replaceAll(/"request_id":"[^"]*"/g, '"request_id":"…"')
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, nameOf)
      // Of a slug that was taken.
      .replaceAll(/("slug":"[a-z]+)-[a-z0-9]{5}"/g, '$1-…"')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
      .replaceAll(/[\w-]{40,}/g, '<opaque>')
  );
}
