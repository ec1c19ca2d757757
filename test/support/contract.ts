// oxlint-disable-next-line typescript/no-explicit-any -- parsed JSON, as its readers have it
type Json = Record<string, any>;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
}

/** What a client has use for, and does not look for unless the document tells of it. */
const TELLING = ['etag', 'link', 'location', 'idempotency-replayed', 'deprecation', 'sunset'];
/** Answers have it only where there is something to tell. */
const OCCASIONAL = ['idempotency-replayed'];

/** An OpenAPI document, held against the answers of the server. */
export class Contract {
  readonly #document: Json;

  constructor(document: object) {
    this.#document = JSON.parse(JSON.stringify(document));
  }

  /**
   * @param path as the document has it
   * @returns what about the answer is not as the document says
   */
  faults(method: string, path: string, answer: Answer): string[] {
    const found: Json | undefined = this.#document['paths'][path]?.[method]?.responses[answer.status];
    if (!found) return [`${answer.status} is no answer of ${method} ${path}`];
    const { headers = {}, content = {} } = this.#resolved(found);
    return [...headerFaults(Object.keys(headers), answer), ...this.#bodyFaults(content, answer)];
  }

  #bodyFaults(content: Json, { headers, body, text }: Answer): string[] {
    const [type = ''] = (headers['content-type'] ?? '').split(';');
    if (Object.keys(content).length === 0) return text ? [`it has a body: ${text}`] : [];
    return content[type] ? this.#valueFaults(content[type].schema, body, '') : [`it is ${type}`];
  }

  #valueFaults(part: Json, value: unknown, at: string): string[] {
    const schema = this.#resolved(part);
    const faultsBy = (one: Json) => this.#valueFaults(one, value, at);
    const choices: Json[] | undefined = schema['oneOf'] ?? schema['anyOf'];
    return [
      ...(schema['allOf'] ?? []).flatMap(faultsBy),
      ...(choices && !choices.some((one) => faultsBy(one).length === 0) ? [`${at} is none of its choices`] : []),
      ...plainFaults(schema, value).map((fault) => `${at} ${fault}: ${JSON.stringify(value)}`),
      ...(Array.isArray(value)
        ? value.flatMap((item, index) => this.#valueFaults(schema['items'] ?? {}, item, `${at}/${index}`))
        : []),
      ...(isObject(value) ? this.#memberFaults(schema, value, at) : []),
    ];
  }

  #memberFaults({ properties, required = [], additionalProperties }: Json, value: Json, at: string): string[] {
    const members = Object.entries(value);
    const unknown = additionalProperties === false ? members.filter(([name]) => !properties?.[name]) : [];
    return [
      ...required.filter((name: string) => !(name in value)).map((name: string) => `${at}/${name} is missing`),
      ...unknown.map(([name]) => `${at}/${name} is not told of`),
      ...members.flatMap(([name, member]) =>
        properties?.[name] ? this.#valueFaults(properties[name], member, `${at}/${name}`) : [],
      ),
    ];
  }

  #resolved(part: Json): Json {
    if (typeof part['$ref'] !== 'string') return part;
    return part['$ref']
      .split('/')
      .slice(1)
      .reduce((found: Json, name: string) => found[name], this.#document);
  }
}

function headerFaults(told: readonly string[], { headers }: Answer): string[] {
  const names = told.map((name) => name.toLowerCase());
  return [
    ...names.filter((name) => !OCCASIONAL.includes(name) && !(name in headers)).map((name) => `${name} is missing`),
    ...TELLING.filter((name) => name in headers && !names.includes(name)).map((name) => `${name} is not told of`),
  ];
}

function plainFaults(schema: Json, value: unknown): string[] {
  const types: string[] = [schema['type'] ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) return [`is not ${types.join(' or ')}`];
  const size = typeof value === 'string' ? Array.from(value).length : Number(value);
  return [
    ...(schema['enum'] && !schema['enum'].includes(value) ? ['is none of its values'] : []),
    ...(size > (schema['maxLength'] ?? schema['maximum'] ?? Infinity) ? ['is too large'] : []),
    ...(size < (schema['minLength'] ?? schema['minimum'] ?? -Infinity) ? ['is too small'] : []),
    ...(Array.isArray(value) && value.length > (schema['maxItems'] ?? Infinity) ? ['has too many items'] : []),
    ...(typeof value === 'string' && schema['pattern'] && !new RegExp(schema['pattern']).test(value)
      ? ['is malformed']
      : []),
  ];
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
