// What node-postgres exports and its types leave out.
declare module 'pg/lib/utils.js' {
  /** @returns the parameter in PostgreSQL's text format, or its bytes */
  export function prepareValue(value: unknown): Buffer | string | null;
}
