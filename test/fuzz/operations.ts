import type { OpenAPIObject } from '@nestjs/swagger';
import { createDocument } from '../../src/core/http/openapi.ts';
import type { TestApp } from '../support/app.ts';

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
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
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
  readonly #schemas: Readonly<Record<string, Schema>>;

  static of(app: TestApp): Operations {
    return new Operations(createDocument(app.nest));
  }

  constructor({ paths, components }: OpenAPIObject) {
    // The document's own types allow what ours never holds, such as a parameter by reference.
    this.#schemas = (components?.schemas ?? {}) as Record<string, Schema>;
    this.all = Object.entries(paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method];
        if (!operation) return [];
        const { operationId = `${method} ${path}`, parameters = [], requestBody } = operation;
        const content = requestBody && 'content' in requestBody ? Object.values(requestBody.content)[0] : undefined;
        return [
          {
            id: operationId,
            method: method.toUpperCase(),
            path,
            parameters: parameters as Parameter[],
            body: content?.schema as Schema | undefined,
          },
        ];
      }),
    );
  }

  /** @returns the schema that a reference stands for, with what `allOf` brings together */
  resolved(schema: Schema): Schema {
    if (schema.$ref !== undefined) return this.resolved(this.#schemas[schema.$ref.split('/').at(-1)!] ?? {});
    const parts = schema.allOf?.map((part) => this.resolved(part)) ?? [];
    return parts.length === 0 ? schema : Object.assign({}, ...parts, schema, { allOf: undefined });
  }
}

/** Paths that the document does not name, and one that is nowhere. */
export const outsideTheDocument: readonly Operation[] = [
  outside('/problems'),
  outside('/problems/{type}', 'path', 'type', ['validation-failed', 'not-found', 'internal-error', 'nothing']),
  outside('/dev/mailbox', 'query', 'to', ['a@example.com', '']),
  outside('/metrics'),
  outside('/docs'),
  outside('/docs/{file}', 'path', 'file', ['swagger-ui.css', 'swagger-initializer.js', 'swagger-ui-init.js', 'none']),
  outside('/openapi.json'),
  outside('/api/v1/nothing'),
];

function outside(path: string, place?: 'path' | 'query', name = '', values: readonly string[] = []): Operation {
  const parameters = place ? [{ name, in: place, required: place === 'path', schema: { enum: values } }] : [];
  return { id: path, method: 'GET', path, parameters, body: undefined };
}
