import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.ts';
import { prismaPool, type StatementRunner } from './prisma-pool.ts';
import type { PrismaArgs } from './prisma-sealing.ts';

/**
 * Prisma, with every statement in the ambient scope.
 *
 * Prisma merges the `findUnique` calls of one tick into one statement, across scopes: one tenant would be answered from
 * another's. `findUnique` is therefore run as `findFirst`, which it never merges; lint refuses it besides.
 */
export function prismaClient(runner: StatementRunner) {
  const client = new PrismaClient({ adapter: new PrismaPg(prismaPool(runner)) });
  const scoped = client.$extends({
    query: {
      $allModels: {
        async findUnique({ model, args }) {
          return finder(client, model).findFirst(unmerged(client, model, args));
        },
        async findUniqueOrThrow({ model, args }) {
          return finder(client, model).findFirstOrThrow(unmerged(client, model, args));
        },
      },
    },
  });
  return scoped.$extends({
    query: {
      $allModels: {
        async $allOperations({ model, operation, args, query }) {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of any model: the same arguments, with other texts
          return query((await runner.seal(model, operation, args as PrismaArgs)) as typeof args);
        },
      },
    },
  });
}

export type ScopedPrismaClient = ReturnType<typeof prismaClient>;

/** The part of a model's delegate that this file needs. */
interface Finder {
  readonly fields: Readonly<Record<string, unknown>>;
  findFirst(args: object): Promise<unknown>;
  findFirstOrThrow(args: object): Promise<unknown>;
}

function finder(client: PrismaClient, model: string): Finder {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- Prisma types no delegate that is chosen while it runs
  const delegate: Finder = Reflect.get(client, model.charAt(0).toLowerCase() + model.slice(1));
  return delegate;
}

/** A compound key (`{ organizationId_id: { organizationId, id } }`) is known to `findUnique` alone: it becomes its fields. */
function unmerged(client: PrismaClient, model: string, args: { where: object }): object {
  const { fields } = finder(client, model);
  const operators = new Set(['AND', 'OR', 'NOT']);
  const conditions = Object.entries(args.where).map(([name, value]: [string, unknown]) =>
    name in fields || operators.has(name) ? { [name]: value } : compoundKey(name, value, fields),
  );
  return { ...args, where: { AND: conditions } };
}

function compoundKey(name: string, value: unknown, fields: Finder['fields']): object {
  if (typeof value !== 'object' || value === null || !Object.keys(value).every((field) => field in fields)) {
    throw new TypeError(`findUnique can't filter by ${name}: use findFirst`);
  }
  return value;
}
