import type pg from 'pg';

/** One SQL statement with its parameters, as it goes over the wire. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** `array`: rows as arrays, as the Prisma adapter reads them; otherwise objects by column name. */
  readonly rowMode?: 'array' | undefined;
  readonly types?: pg.CustomTypesConfig | undefined;
}

export const begin: Statement = { text: 'begin', values: [] };
export const commit: Statement = { text: 'commit', values: [] };
export const rollback: Statement = { text: 'rollback', values: [] };
