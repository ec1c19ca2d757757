/**
 * JSON as it is written, and not as it is parsed: it can hold what no value can, such as a member twice, half of a surrogate
 * pair or a number of a thousand digits. A leaf is its own text.
 */
export type JsonText = string | JsonList | JsonMembers;

export class JsonList {
  constructor(readonly items: JsonText[]) {}
}

export class JsonMembers {
  constructor(readonly members: [name: string, value: JsonText][]) {}
}

/** @returns the text of a value, as a tree that can be changed */
export function jsonText(value: unknown): JsonText {
  if (Array.isArray(value)) return new JsonList(value.map(jsonText));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return new JsonMembers(Object.entries(value).map(([name, member]) => [JSON.stringify(name), jsonText(member)]));
}

export function written(json: JsonText): string {
  if (typeof json === 'string') return json;
  if (json instanceof JsonList) return `[${json.items.map(written).join(',')}]`;
  return `{${json.members.map(([name, value]) => `${name}:${written(value)}`).join(',')}}`;
}

/** Where a value stands in a tree, to put another one there. */
export interface Place {
  readonly value: JsonText;
  replace(value: JsonText): void;
}

/** @returns every value of the tree, itself not included */
export function placesIn(json: JsonText): Place[] {
  if (typeof json === 'string') return [];
  const here =
    json instanceof JsonList
      ? json.items.map((value, index) => ({ value, replace: (other: JsonText) => void (json.items[index] = other) }))
      : json.members.map((member) => ({ value: member[1], replace: (other: JsonText) => void (member[1] = other) }));
  return here.flatMap((place) => [place, ...placesIn(place.value)]);
}
