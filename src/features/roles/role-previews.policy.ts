/** A role as it is, and as it would be. */
export interface Edit {
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

export interface Difference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export interface Holder {
  readonly memberId: string;
  /** null: in the organisation. */
  readonly teamId: string | null;
}

export function differenceOf({ before, after }: Edit): Difference {
  return { gained: without(after, before), lost: without(before, after) };
}

/** @returns what is in the one and not in the other, sorted */
function without(some: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...some].filter((permission) => !others.has(permission)).toSorted();
}

/** @returns what is left of it for somebody: nobody gains or loses what another role of theirs permits */
export function differenceFor({ gained, lost }: Difference, permitted: readonly string[]): Difference {
  const isNew = (permission: string): boolean => !permitted.includes(permission);
  return { gained: gained.filter(isNew), lost: lost.filter(isNew) };
}
