import type { OpenAPIObject } from '@nestjs/swagger';
import { FIRST_CLIENT_ERROR } from '../http/translation.ts';

/** The parts of a document, which @nestjs/swagger does not name to the outside. */
export type PathItem = OpenAPIObject['paths'][string];
export type Operation = NonNullable<PathItem['get']> & { [extension: `x-${string}`]: unknown };
export type Parameter = Exclude<NonNullable<Operation['parameters']>[number], Reference>;
export type Components = NonNullable<OpenAPIObject['components']>;
export type Response = Exclude<NonNullable<Operation['responses'][string]>, Reference>;
export type Header = Exclude<NonNullable<Components['headers']>[string], Reference>;
export type Schema = Exclude<NonNullable<Components['schemas']>[string], Reference>;

export interface Reference {
  $ref: string;
}

/** In the order in which they are documented. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Method = (typeof METHODS)[number];

/** An operation and where it is. */
export interface PlacedOperation {
  readonly path: string;
  readonly method: Method;
  readonly operation: Operation;
}

export function operationsOf({ paths }: Pick<OpenAPIObject, 'paths'>): PlacedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) => {
    return METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, operation: { ...operation } }] : [];
    });
  });
}

export function isReference(part: object): part is Reference {
  return '$ref' in part;
}

/** @returns the name of the class that an answer has as its body, where it has one */
export function classOf(response: Response | Reference | undefined): string | undefined {
  const schema = response && !isReference(response) ? response.content?.['application/json']?.schema : undefined;
  return schema && isReference(schema) ? schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1) : undefined;
}

/** @returns the answers of success by their status */
export function successesOf({ responses }: Operation): [number, Response | Reference | undefined][] {
  return Object.entries(responses)
    .map(([status, response]): [number, typeof response] => [Number(status), response])
    .filter(([status]) => status < FIRST_CLIENT_ERROR);
}
