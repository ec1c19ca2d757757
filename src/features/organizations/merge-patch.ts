import { rules } from '../../core/http/index.ts';

export interface JsonObject {
  readonly [member: string]: unknown;
}

/** @returns the target after a JSON merge patch (RFC 7396): `null` removes a member, objects merge, all else replaces */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, rules.isObject(value) ? mergePatch(objectAt(merged, name), value) : value);
  }
  return Object.fromEntries(merged);
}

function objectAt(members: ReadonlyMap<string, unknown>, name: string): JsonObject {
  const value = members.get(name);
  return rules.isObject(value) ? value : {};
}
