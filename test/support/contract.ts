import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface ContractAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, without the coding of the transport. */
  readonly body: string;
}

// oxlint-disable-next-line typescript/no-explicit-any -- parsed JSON, as its readers have it
type Json = Record<string, any>;

/** Of the connection and not of a path: any request can get them, and the document tells of them once. */
const OF_THE_CONNECTION = [408, 431];
/** What a client has use for, and does not look for unless the document tells of it. */
const TELLING = ['etag', 'link', 'location', 'idempotency-replayed', 'deprecation', 'sunset'];

/** An OpenAPI document, held against the answers of the server. */
export class Contract {
  readonly #ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  readonly #document: Json;
  readonly #paths: readonly { readonly name: string; readonly pattern: RegExp }[];

  constructor(document: object) {
    this.#document = JSON.parse(JSON.stringify(document));
    this.#ajv.addSchema(this.#document, 'document');
    this.#paths = Object.keys(this.#document['paths']).map((name) => ({
      name,
      pattern: new RegExp(`^${name.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/?#%]+')}$`),
    }));
  }

  /**
   * @param target as it is asked for, or as the document has it
   * @returns what about the answer is not as the document says; nothing where it has no such operation
   */
  faultsIn(method: string, target: string, answer: ContractAnswer): string[] {
    const path = target.replace(/[?#].*$/s, '');
    const name = this.#paths.find(({ pattern }) => pattern.test(path))?.name ?? '';
    const isHead = method.toLowerCase() === 'head';
    const verb = isHead ? 'get' : method.toLowerCase();
    const operation: Json | undefined = this.#document['paths'][name]?.[verb];
    if (!operation || OF_THE_CONNECTION.includes(answer.status)) return [];
    const { responses, operationId } = operation;
    const given: Json | undefined = responses[answer.status];
    if (!given) return [`${operationId} has no answer ${answer.status} ${codeOf(answer)}`];
    const place = given['$ref'] ?? `#/paths/${escaped(name)}/${verb}/responses/${answer.status}`;
    const { headers = {}, content = {} }: Json = this.#at(place);
    const faults = [
      ...headerFaults(Object.keys(headers), answer),
      ...(isHead ? [] : this.#bodyFaults(Object.keys(content), place, answer)),
      ...(isHead ? [] : permissionFaults(operation, answer)),
    ];
    return faults.map((fault) => `${operationId} ${answer.status}: ${fault}`);
  }

  #bodyFaults(types: readonly string[], place: string, { headers, body }: ContractAnswer): string[] {
    const type = (headers['content-type'] ?? '').replace(/;.*$/, '');
    if (types.length === 0) return body === '' ? [] : ['it has a body'];
    if (body === '') return ['it has no body'];
    if (!types.includes(type)) return [`it is ${type}`];
    const validate = this.#ajv.getSchema(`document${place}/content/${escaped(type)}/schema`);
    if (!validate) return [`nothing is told of its ${type}`];
    return validate(JSON.parse(body)) ? [] : (validate.errors ?? []).map(textOf);
  }

  #at(place: string): Json {
    return place
      .split('/')
      .slice(1)
      .reduce((found: Json, name) => found[name.replaceAll('~1', '/')], this.#document);
  }
}

function escaped(name: string): string {
  return name.replaceAll('/', '~1');
}

function codeOf({ body }: ContractAnswer): string {
  return /"code":"(\w+)"/.exec(body)?.[1] ?? '';
}

function headerFaults(told: readonly string[], answer: ContractAnswer): string[] {
  const names = told.map((name) => name.toLowerCase());
  const missing = names.filter((name) => !(name in answer.headers) && !mayLack(name, answer));
  const untold = TELLING.filter((name) => name in answer.headers && !names.includes(name));
  return [...missing.map((name) => `${name} is missing`), ...untold.map((name) => `${name} is not told of`)];
}

/** What a refusal says that it takes is what the operation is said to take, or to take besides. */
function permissionFaults(operation: Json, answer: ContractAnswer): string[] {
  if (codeOf(answer) !== 'permission_denied') return [];
  const { required }: Json = JSON.parse(answer.body);
  const told = [operation['x-permission'], ...Object.keys(operation['x-permission-also'] ?? {})];
  return told.includes(required) ? [] : [`it takes ${required}, which is not told of`];
}

/** Whether the header says nothing of such an answer: statuses stand for several, and one has no more than another. */
function mayLack(name: string, answer: ContractAnswer): boolean {
  if (name === 'idempotency-replayed' || name === 'set-cookie') return true;
  if (name === 'retry-after') return answer.status === 409 && codeOf(answer) !== 'idempotency_in_progress';
  // What Node's parser refuses has not been counted.
  return name.startsWith('ratelimit') && answer.headers['connection'] === 'close';
}

function textOf({ instancePath, message = '', params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`.trim();
}
