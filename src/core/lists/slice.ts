import { Position, type Rows, type Selection } from './selection.ts';

/** @returns the rows of a selection from a list that is in memory whole, and keeps its order */
export function sliceOf<Row>(rows: readonly Row[], { limit, offset = 0, position }: Selection): Rows<Row> {
  const start = position ? Number(position.keys) : offset;
  const place = (index: number): Position => new Position('', 'after', String(index));
  return {
    rows: rows.slice(start, start + limit),
    counted: rows.length,
    next: start + limit < rows.length ? place(start + limit) : undefined,
    previous: position && start > 0 ? place(Math.max(0, start - limit)) : undefined,
  };
}
