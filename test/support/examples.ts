import type { OpenAPIObject } from '@nestjs/swagger';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** As much of JSON Schema as our classes are described with. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
}

interface MediaType {
  readonly schema?: Schema;
  readonly examples?: Readonly<Record<string, { readonly value?: unknown }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly example?: unknown;
  readonly schema?: Schema;
}

/** A request as Swagger UI fills it in. */
export interface Example {
  readonly operationId: string;
  readonly method: Method;
  /** From the server's root, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
}

const METHODS: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete'];
const PLAIN: Readonly<Record<string, unknown>> = { string: 'string', integer: 0, number: 0, boolean: true };

/** @returns one request for each operation, made of nothing but the document's examples */
export function examplesOf(document: OpenAPIObject): Example[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [exampleOf(document, path, method, operation)] : [];
    }),
  );
}

function exampleOf(document: OpenAPIObject, path: string, method: Method, operation: Operation): Example {
  const parameters = (operation.parameters ?? []) as Parameter[];
  const filled = (place: string): [string, string][] =>
    parameters
      .filter((parameter) => parameter.in === place)
      .flatMap(({ name, example, schema }) =>
        valuesOf(example ?? schema?.example).map((value) => [name, value] as const),
      )
      .map(([name, value]) => [name, value]);
  const inPath = new Map(filled('path'));
  const query = new URLSearchParams(filled('query')).toString();
  const filledPath = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath.get(name) ?? `{${name}}`);
  const body = operation.requestBody as { content?: Record<string, MediaType> } | undefined;
  return {
    operationId: operation.operationId ?? '',
    method,
    path: query === '' ? filledPath : `${filledPath}?${query}`,
    headers: Object.fromEntries(filled('header')),
    body: body && (bodyOf(document, body.content?.['application/json'] ?? {}) as object),
  };
}

/** The first example of the whole, or else one made of those of its members. */
function bodyOf(document: OpenAPIObject, { examples = {}, schema = {} }: MediaType): unknown {
  const [first] = Object.values(examples);
  return first ? first.value : sample(document, schema);
}

function valuesOf(example: unknown): string[] {
  return example === undefined ? [] : [example].flat().map(String);
}

function sample(document: OpenAPIObject, schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return sample(document, document.components?.schemas?.[name] ?? {});
  if (schema.items) return [sample(document, schema.items)];
  const [type = 'object'] = [schema.type].flat();
  if (type !== 'object') return PLAIN[type];
  if (schema.additionalProperties === true) return { additionalProp1: {} };
  const members = Object.entries(schema.properties ?? {});
  return Object.fromEntries(members.map(([member, property]) => [member, sample(document, property)]));
}
