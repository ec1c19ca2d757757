import { Prisma } from '../../generated/prisma/client.ts';

/** Tagged template: what is put in `${}` is a parameter, never text (sql-template-tag, as Prisma carries it). */
export const { sql, join, Sql } = Prisma;
export type Sql = Prisma.Sql;
