/** A role as it is, and as it would be. */
export interface Edit {
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

export interface Difference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** Who holds a role alike: with the same others in the organisation, and of a role of teams on the team and above it. */
export interface Alike {
  readonly others: ReadonlySet<string>;
  readonly count: number;
  /** The first of them, by their ids. */
  readonly first: readonly Holder[];
}

export interface Holder {
  readonly memberId: string;
  /** null: in the organisation. */
  readonly teamId: string | null;
}

export interface Effect {
  /** How many holders gain or lose something. */
  readonly affected: number;
  /** The first of them, by their ids. */
  readonly sample: readonly (Holder & Difference)[];
}

export function differenceOf({ before, after }: Edit): Difference {
  return { gained: without(after, before), lost: without(before, after) };
}

/** @returns what is in the one and not in the other, in the alphabet's order */
function without(some: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...some].filter((permission) => !others.has(permission)).toSorted();
}

/**
 * @param most how many holders are named
 * @returns what an edit would give and take: nobody gains or loses what another role of theirs permits
 */
export function effectOf(edit: Edit, holders: readonly Alike[], most: number): Effect {
  const changes = holders
    .map((alike) => ({ ...alike, difference: differenceFor(edit, alike.others) }))
    .filter(({ difference: { gained, lost } }) => gained.length + lost.length > 0);
  return {
    affected: changes.reduce((sum, { count }) => sum + count, 0),
    sample: changes
      .flatMap(({ first, difference }) => first.map((holder) => ({ ...holder, ...difference })))
      .toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1))
      .slice(0, most),
  };
}

function differenceFor(edit: Edit, others: ReadonlySet<string>): Difference {
  const { gained, lost } = differenceOf(edit);
  return { gained: gained.filter((key) => !others.has(key)), lost: lost.filter((key) => !others.has(key)) };
}

function placeOf({ memberId, teamId }: Holder): string {
  return `${memberId} ${teamId ?? ''}`;
}
