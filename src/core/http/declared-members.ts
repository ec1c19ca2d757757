import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { FieldRule, fieldRuleOf } from './fields.ts';
import { isObject } from './rules.ts';

export interface Sorted {
  /** The value without its unknown members. */
  readonly known: unknown;
  /** The path of each unknown member, name by name, list items by their index. */
  readonly unknown: readonly (readonly string[])[];
}

type Fields = ReadonlyMap<string, FieldRule | undefined>;

const fieldsOfClass = new WeakMap<Type, Fields>();

/**
 * Takes from a value what its class does not declare, and from the objects in it likewise. class-validator would see to that
 * too, but not of a member that every object inherits (`toString`): class-transformer drops those silently before.
 */
export function sorted(value: unknown, type: Type, path: readonly string[] = []): Sorted {
  if (!isObject(value)) return { known: value, unknown: [] };
  const fields = fieldsOf(type);
  const names = Object.keys(value);
  const members = names
    .filter((name) => fields.has(name))
    .map((name) => ({ name, ...member(value[name], fields.get(name), [...path, name]) }));
  return {
    known: Object.fromEntries(members.map(({ name, known }) => [name, known])),
    unknown: [
      ...names.filter((name) => !fields.has(name)).map((name) => [...path, name]),
      ...members.flatMap(({ unknown }) => unknown),
    ],
  };
}

function member(value: unknown, field: FieldRule | undefined, path: readonly string[]): Sorted {
  const type = field?.type?.();
  if (!type) return { known: value, unknown: [] };
  if (!Array.isArray(value)) return sorted(value, type, path);
  const items = value.map((item: unknown, index) => sorted(item, type, [...path, String(index)]));
  return { known: items.map(({ known }) => known), unknown: items.flatMap(({ unknown }) => unknown) };
}

/** By name; those of its base classes too. */
function fieldsOf(type: Type): Fields {
  const known = fieldsOfClass.get(type);
  if (known) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
  const fields = new Map<string, FieldRule | undefined>();
  for (const { propertyName, context } of rules) {
    fields.set(propertyName, fields.get(propertyName) ?? fieldRuleOf(context));
  }
  fieldsOfClass.set(type, fields);
  return fields;
}
