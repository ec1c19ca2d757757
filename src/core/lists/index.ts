export { anyOf, contains, named, within } from './conditions.ts';
export { List, textKey, timeKey } from './list.ts';
export { EXACT_ROWS, Position, type Rows, type Selection } from './selection.ts';
export { sliceOf } from './slice.ts';
