/** @returns how often to do it: `small` in `npm test`, `full` in `npm run test:long` (files named `*.long.spec.ts`) */
export function size(small: number, full: number): number {
  return 'fullSize' in globalThis ? full : small;
}
