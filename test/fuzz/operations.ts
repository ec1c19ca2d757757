import type { OpenAPIObject } from '@nestjs/swagger';

/** The part of a JSON Schema that our document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With the parameters' names in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Of the body, where the operation takes one. */
  readonly body: Schema | undefined;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What an OpenAPI document says can be called. */
export class Operations {
  readonly all: readonly Operation[];
  readonly #document: OpenAPIObject;

  constructor(document: OpenAPIObject) {
    this.#document = document;
    this.all = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method];
        if (!operation) return [];
        const { operationId = `${method} ${path}`, parameters = [], requestBody } = operation;
        const { content = {} }: Body = this.#whole(requestBody ?? {});
        return [
          {
            id: operationId,
            method: method.toUpperCase(),
            path,
            parameters: parameters.map((parameter) => this.#whole(parameter) as Parameter),
            body: Object.values(content)[0]?.schema,
          },
        ];
      }),
    );
  }

  /** @returns the part itself where the document refers to one */
  #whole(part: object): object {
    return '$ref' in part ? this.#referred(String(part.$ref)) : part;
  }

  #referred(reference: string): object {
    const [kind = '', name = ''] = reference.split('/').slice(2);
    const found: unknown = Reflect.get(Reflect.get(this.#document.components ?? {}, kind) ?? {}, name);
    if (typeof found !== 'object' || found === null) throw new Error(`the document has no ${reference}`);
    return found;
  }

  /** @returns the schema that a reference stands for, with what `allOf` brings together */
  resolved(schema: Schema): Schema {
    if (schema.$ref !== undefined) return this.resolved(this.#whole(schema));
    const parts = schema.allOf?.map((part) => this.resolved(part)) ?? [];
    return parts.length === 0 ? schema : Object.assign({}, ...parts, schema, { allOf: undefined });
  }
}

/** Paths that the document does not name, and one that is nowhere. */
export const outsideTheDocument: readonly Operation[] = [
  outside('/problems'),
  outside('/problems/{type}', 'path', 'type', ['validation-failed', 'not-found', 'internal-error', 'nothing']),
  outside('/dev/mailbox', 'query', 'to', ['a@example.com', '', 'a\u0000']),
  outside('/dev/mailbox/templates', 'query', 'language', ['de', 'fr']),
  outside('/dev/mailbox/{mail_id}', 'path', 'mail_id', ['01930000-0000-7000-8000-000000000000', 'nothing']),
  outside('/metrics'),
  outside('/docs'),
  outside('/docs/{file}', 'path', 'file', ['swagger-ui.css', 'swagger-ui-init.js', 'none']),
  outside('/openapi.json'),
  outside('/api/v1/nothing'),
];

function outside(path: string, place?: 'path' | 'query', name = '', values: readonly string[] = []): Operation {
  const parameters = place ? [{ name, in: place, required: place === 'path', schema: { enum: values } }] : [];
  return { id: path, method: 'GET', path, parameters, body: undefined };
}
