import { applyDecorators, Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { demo } from './demo.ts';
import { field, type FieldOptions } from './fields.ts';
import { Refuses } from './problem.dto.ts';
import { Problem } from './problem.ts';
import { identifier, integer, isId, list, type ListLimits, type Rule } from './rules.ts';
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
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => toList(value), { toClassOnly: true }),
    field(list(item, limits), { ...options, optional: true }),
  );
}

/** @returns the values, however they were separated */
export function toList(value: unknown): unknown {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => (typeof text === 'string' ? text.split(',') : [text]));
}

const existingId: PipeTransform<unknown, string> = {
  transform(value) {
    if (!isId(value)) throw new Problem('not_found');
    return value;
  },
};

/** By handler: the names of the parameters that it takes for ids. */
const idsOf = new WeakMap<object, readonly string[]>();

function takesId(name: string): MethodDecorator {
  return (_target, _method, { value: handler }) => {
    if (typeof handler === 'function') idsOf.set(handler, [...(idsOf.get(handler) ?? []), name]);
  };
}

/**
 * An id in the path: one that is malformed is a 404 like one that is not there, and is judged as early as another's
 * organisation.
 */
export function PathId(name: string): ParameterDecorator {
  return withHandler(Param(name, existingId), takesId(name), documentedId(name), Refuses('not_found'));
}

/** @returns whether what the handler takes for an id is none, in the parameters of a path */
export function hasMalformedId(handler: object, params: unknown): boolean {
  const names = idsOf.get(handler) ?? [];
  return names.some((name) => !isId(Reflect.get(Object(params), name)));
}

/** Documents an id in the path by its name, such as `organization_id`. */
export function documentedId(name: string): MethodDecorator {
  const noun = name.replace(/_?id$/, '').replaceAll('_', ' ');
  const description = noun === '' ? 'Its id.' : `The id of the ${noun}.`;
  const example = name === 'organization_id' && { example: demo.organization.id };
  return ApiParam({ name, description, schema: { ...identifier().schema, ...example } });
}
