import { runInContext } from '../../src/core/context/context.ts';
import type { Connections } from '../../src/core/database/connections.ts';
import { Database, Scope, sql } from '../../src/core/database/index.ts';
import { sealedColumns, testConnections } from '../support/connections.ts';
import { TestDatabase } from '../support/database.ts';
import { pgbouncerInstalled, startPgbouncer, type Pooler } from '../support/pgbouncer.ts';
import { size } from '../support/size.ts';
import { tenant, type Tenant } from '../support/tenant.ts';

// Needs a program that npm does not carry; CI installs it, so that this runs there on every change.
const SKIPPED = 'SKIPPED: nothing is tried behind a pooler, since pgbouncer is not installed.\n';
if (!pgbouncerInstalled) process.stderr.write(SKIPPED);
(pgbouncerInstalled ? describe : describe.skip)('behind PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let pooler: Pooler;
  let connections: Connections;
  let service: Database;

  beforeAll(async () => {
    database = await TestDatabase.create();
    pooler = await startPgbouncer(database.url('tenantry_app'), 2);
    connections = testConnections(pooler.url, { size: 8, named: false, groupTimeout: 5000 });
    service = new Database(connections, sealedColumns());
  });

  afterAll(async () => {
    await connections.end();
    await pooler.stop();
    await database.drop();
  });

  test(`every statement and transaction sees its own organisation alone, ${size(100, 5000)} rounds`, async () => {
    const tenants = await Promise.all(Array.from({ length: 8 }, () => tenant(database)));
    const seen = (): Promise<{ id: string }[]> => service.query(sql`select id from organizations`);
    const works: (() => Promise<unknown>)[] = [
      seen,
      () => service.prisma.organization.findMany({ select: { id: true } }),
      () => service.query(sql`select 1 / 0`).catch(seen),
      () => service.transaction(async () => (await seen(), seen())),
      () => service.transaction(() => service.query(sql`select 1 / 0`)).catch(seen),
    ];
    const work = async (tenant: Tenant, round: number): Promise<void> => {
      const scope = Scope.admission({ ...tenant, permission: null, systemRoles: [] });
      const rows = await runInContext({ scope }, async () => await works[round % works.length]!());
      expect(rows).toEqual([{ id: tenant.organizationId }]);
    };
    const rounds = Array.from({ length: size(100, 5000) }, (_, round) => round);
    await Promise.all(
      tenants.map(async (tenant, offset) => {
        for (const round of rounds) await work(tenant, round + offset);
      }),
    );
    await runInContext({ scope: Scope.public() }, async () => expect(await seen()).toEqual([]));
  });
});
