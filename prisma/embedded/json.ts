import { readFileSync } from 'node:fs';

/** What the file holds. Throws, with its name, where that is not what `fits` expects. */
export function readJson<T>(file: string, fits: (value: unknown) => value is T): T {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!fits(value)) throw new Error(`${file} does not hold what it should`);
  return value;
}

/** Whether it is an object in which each of the names holds a string. */
export function hasStrings<Name extends string>(value: unknown, names: readonly Name[]): value is Record<Name, string> {
  if (typeof value !== 'object' || value === null) return false;
  const entries = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof entries.get(name) === 'string');
}
