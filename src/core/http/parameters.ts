import { applyDecorators, Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import type { FastifyRequest } from 'fastify';
import { demo } from './demo.ts';
import { field, type FieldOptions } from './fields.ts';
import { Refuses } from './problem.dto.ts';
import { Problem } from './problem.ts';
import {
  canonicalIn,
  identifier,
  integer,
  isId,
  isObject,
  list,
  type ListLimits,
  lowerCaseId,
  type Rule,
  text,
  UUID_LENGTH,
} from './rules.ts';
import { withHandler } from './with-handler.ts';

interface IntegerParameterOptions extends Pick<FieldOptions, 'description' | 'example'> {
  readonly min?: number;
  readonly max?: number;
  /** What the property is initialised with. */
  readonly fallback?: number;
}

/** A whole number in the query; the only place where a text becomes a number. */
export function IntegerParameter({ fallback, ...options }: IntegerParameterOptions = {}): PropertyDecorator {
  const rule = integer(options);
  const schema = { ...rule.schema, ...(fallback !== undefined && { default: fallback }) };
  return applyDecorators(
    // First, since class-transformer goes through them backwards: it converts what the field has left as it was.
    Transform(({ value }: { value: unknown }) => toInteger(value), { toClassOnly: true }),
    field(rule, { ...options, optional: true }, schema),
  );
}

function toInteger(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

/** Of one parameter: more than a person chooses, and few enough for a statement. */
const MOST_VALUES = 100;

/** Several values in the query, repeated or with commas between: `?status=active,suspended&status=removed`. */
export function ListParameter(
  item: Rule,
  options: Pick<FieldOptions, 'description' | 'example'> & ListLimits = {},
): PropertyDecorator {
  const limits = { max: MOST_VALUES, ...options };
  const rule = list(item, limits);
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => canonicalIn(rule, toList(value)), { toClassOnly: true }),
    field(rule, { ...options, optional: true }),
  );
}

/** @returns the values, however they were separated */
export function toList(value: unknown): unknown {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
}

type IsIdentifier = (value: unknown) => value is string;

/** By handler: the parameters that it takes for ids, each with what is one. */
const idsOf = new WeakMap<object, ReadonlyMap<string, IsIdentifier>>();

function takesId(name: string, isIdentifier: IsIdentifier): MethodDecorator {
  return (_target, _method, { value: handler }) => {
    if (typeof handler === 'function') idsOf.set(handler, new Map(idsOf.get(handler)).set(name, isIdentifier));
  };
}

function existing(isIdentifier: IsIdentifier): PipeTransform<unknown, string> {
  return {
    transform(value) {
      if (!isIdentifier(value)) throw new Problem('not_found');
      return value;
    },
  };
}

/**
 * An id in the path: one that is malformed is a 404 like one that is not there, and is judged as early as another's
 * organisation.
 * @param example of what is there in every clone
 */
export function PathId(name: string, example?: string): ParameterDecorator {
  return withHandler(
    Param(name, existing(isId)),
    takesId(name, isId),
    documentedId(name, example),
    Refuses('not_found'),
  );
}

const MEMBER_PARAMETER = 'member_id';
const ME = 'me';
const MEMBER = /^(?:me|[0-9A-Fa-f-]{36})$/;

/** A member's id in the path, or `me`, which stands for the caller's own: a repository tells the two apart by `isMe`. */
export function PathMember(): ParameterDecorator {
  return withHandler(
    Param(MEMBER_PARAMETER, existing(isMember)),
    takesId(MEMBER_PARAMETER, isMember),
    ApiParam({
      name: MEMBER_PARAMETER,
      description: 'The id of the member; `me` is you.',
      schema: {
        ...text({ max: UUID_LENGTH, pattern: MEMBER }).schema,
        anyOf: [{ type: 'string', enum: [ME] }, identifier().schema],
        example: ME,
      },
    }),
    Refuses('not_found'),
  );
}

function isMember(value: unknown): value is string {
  return isMe(value) || isId(value);
}

/** @returns whether the id in a path stands for the caller's own membership */
export function isMe(id: unknown): boolean {
  return id === ME;
}

/** Fastify's `preValidation`: whoever reads an id in the path, the guard, a judgement or a handler, reads its one spelling. */
export function lowerPathIds(request: FastifyRequest): void {
  if (!isObject(request.params)) return;
  const parameters = Object.entries(request.params);
  request.params = Object.fromEntries(parameters.map(([name, value]) => [name, lowerCaseId(value)]));
}

/** @returns whether what the handler takes for an id is none, in the parameters of a path */
export function hasMalformedId(handler: object, params: unknown): boolean {
  const ids = [...(idsOf.get(handler) ?? [])];
  return ids.some(([name, isIdentifier]) => !isIdentifier(Reflect.get(Object(params), name)));
}

const EXAMPLES: Readonly<Record<string, string>> = { organization_id: demo.organization.id };

/** Documents an id in the path by its name, such as `organization_id`. */
export function documentedId(name: string, example = EXAMPLES[name]): MethodDecorator {
  const noun = name.replace(/_?id$/, '').replaceAll('_', ' ');
  const description = noun === '' ? 'Its id.' : `The id of the ${noun}.`;
  return ApiParam({ name, description, schema: { ...identifier().schema, ...(example !== undefined && { example }) } });
}
