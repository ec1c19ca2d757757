/** In `npm run test:long` (files named `*.long.spec.ts`). Times are held against a bound there alone: a few calls beside other work tell little. */
export const isFullSize = 'fullSize' in globalThis;

/** @returns how often to do it: `small` in `npm test` */
export function size(small: number, full: number): number {
  return isFullSize ? full : small;
}
