import { isRFC3339, isUUID } from 'class-validator';
import { type Operation, type Operations, type Response, type Schema } from './operations.ts';
import type { Answer } from './wire.ts';

/** Of the connection and not of a path: any request can get them, and the document tells of them once. */
const OF_THE_CONNECTION = [408, 431];

/** Compares answers with what the OpenAPI document promises of the operation. */
export class Contract {
  readonly #patterns: readonly { readonly method: string; readonly path: RegExp; readonly operation: Operation }[];

  constructor(private readonly operations: Operations) {
    this.#patterns = operations.all.map((operation) => ({
      method: operation.method,
      path: new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/?#%]+').replaceAll('.', String.raw`\.`)}$`),
      operation,
    }));
  }

  /** @returns what the document does not promise; nothing where it has no such path */
  faultsIn(method: string, target: string, answer: Answer): string[] {
    const path = target.replace(/[?#].*$/s, '');
    const known = this.#patterns.find(
      (one) => one.method === (method === 'HEAD' ? 'GET' : method) && one.path.test(path),
    );
    if (!known || OF_THE_CONNECTION.includes(answer.status)) return [];
    const { status, headers, body } = answer;
    const response = known.operation.responses[status];
    const name = `${known.operation.id} ${status}`;
    if (!response) return [`answers with a status that the document does not have: ${name} ${codeOf(body)}`];
    return [
      ...missing(response, headers).map((header) => `has no ${header}, which the document promises: ${name}`),
      ...this.#bodyFaults(response, answer, method === 'HEAD').map(
        (fault) => `is not as in the document: ${name}${fault}`,
      ),
    ];
  }

  #bodyFaults({ content = {} }: Response, { headers, body }: Answer, isHead: boolean): string[] {
    const type = (headers['content-type'] ?? '').replace(/;.*$/, '');
    const { schema } = content[type] ?? {};
    if (isHead) return [];
    if (body === '') return Object.keys(content).length === 0 ? [] : [' has no body'];
    return schema ? this.#faults(schema, JSON.parse(body), '') : [` has the type ${type}`];
  }

  /** @returns where a value is not what the schema says, each fault with the place */
  #faults(schema: Schema, value: unknown, place: string): string[] {
    if (schema.$ref !== undefined) return this.#faults(this.operations.dereferenced(schema), value, place);
    const alternatives = schema.oneOf ?? schema.anyOf;
    return [
      ...(schema.allOf ?? []).flatMap((part) => this.#faults(part, value, place)),
      ...(alternatives?.every((one) => this.#faults(one, value, place).length > 0)
        ? [`${place} is none of several`]
        : []),
      ...ownFaults(schema, value).map((fault) => `${place} ${fault}`),
      ...this.#membersFaults(schema, value, place),
    ];
  }

  #membersFaults(
    { properties, required = [], additionalProperties, items }: Schema,
    value: unknown,
    place: string,
  ): string[] {
    if (Array.isArray(value))
      return items ? value.flatMap((item, index) => this.#faults(items, item, `${place}/${index}`)) : [];
    if (typeof value !== 'object' || value === null) return [];
    return [
      ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${place}/${name} is missing`),
      ...Object.entries(value).flatMap(([name, member]) => {
        const known = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
        if (known) return this.#faults(known, member, `${place}/${name}`);
        return additionalProperties === false ? [`${place}/${name} is not in it`] : [];
      }),
    ];
  }
}

function missing({ headers = {} }: Response, given: Answer['headers']): string[] {
  return Object.entries(headers).flatMap(([name, { required }]) =>
    required && !(name.toLowerCase() in given) ? [name] : [],
  );
}

function codeOf(body: string): string {
  return /"code":"(\w+)"/.exec(body)?.[1] ?? '';
}

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: (text) => isUUID(text),
  'date-time': (text) => isRFC3339(text),
};

function ownFaults(schema: Schema, value: unknown): string[] {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  return [
    ...(types.length === 0 || types.includes(typeOf(value)) || (types.includes('number') && typeOf(value) === 'integer')
      ? []
      : [`is of the type ${typeOf(value)}`]),
    ...(schema.enum && !schema.enum.includes(value) ? [`is ${JSON.stringify(value)}`] : []),
    ...(typeof value === 'string' ? textFaults(schema, value) : []),
    ...(typeof value === 'number' ? numberFaults(schema, value) : []),
    ...(Array.isArray(value) && value.length > (schema.maxItems ?? Infinity) ? ['has too many items'] : []),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function textFaults({ minLength = 0, maxLength = Infinity, pattern, format = '' }: Schema, text: string): string[] {
  const length = Array.from(text).length;
  return [
    ...(length < minLength || length > maxLength ? [`has ${length} characters`] : []),
    ...(pattern === undefined || new RegExp(pattern, 'u').test(text) ? [] : ['does not match']),
    ...((FORMATS[format]?.(text) ?? true) ? [] : [`is no ${format}`]),
  ];
}

function numberFaults({ minimum = -Infinity, maximum = Infinity }: Schema, number: number): string[] {
  return number < minimum || number > maximum ? [`is ${number}`] : [];
}
