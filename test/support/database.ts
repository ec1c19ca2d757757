import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { connected, withDatabase, type Role } from '../../prisma/engine/connection.ts';

/** The run's server: the administrator's connection, and how each role signs in. */
interface Server {
  readonly adminUrl: string;
  readonly passwords: Readonly<Record<Role, string>>;
}

const SHARED = 'TEST_DATABASE_SERVER';
const TEMPLATE = 'tenantry_template';

/** Tells the workers, which inherit the environment, where the server is. */
export function shareServer(server: Server): void {
  process.env[SHARED] = JSON.stringify(server);
}

/** Makes the empty template; `migrate` fills it. Nobody is connected to it afterwards, or it could not be cloned. */
export async function createTemplate({ adminUrl }: Server, migrate: (url: string) => Promise<unknown>): Promise<void> {
  await connected(adminUrl, (admin) => admin.query(`create database ${TEMPLATE}`));
  await migrate(withDatabase(adminUrl, TEMPLATE));
}

/** A migrated database of one spec file. */
export class TestDatabase {
  readonly name: string;
  readonly #server: Server;
  readonly #admin: pg.Pool;

  private constructor(server: Server, name: string) {
    this.name = name;
    this.#server = server;
    this.#admin = new pg.Pool({ connectionString: this.url(), max: 4 });
    // The server may cut what we are closing at the same moment.
    this.#admin.on('error', () => undefined);
  }

  /** Clones the template: about 40 ms. */
  static async create(): Promise<TestDatabase> {
    const server: Server = JSON.parse(process.env[SHARED] ?? '');
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await connected(server.adminUrl, (admin) => admin.query(`create database ${name} template ${TEMPLATE}`));
    return new TestDatabase(server, name);
  }

  /** @returns a connection as the role, or else as the administrator, whom no policy binds */
  url(role?: Role): string {
    const url = new URL(withDatabase(this.#server.adminUrl, this.name));
    if (role) {
      url.username = role;
      url.password = this.#server.passwords[role];
    }
    return url.href;
  }

  /** Runs a statement as the administrator: for what a test arranges or inspects, past every policy. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test says what it expects by its assertions
  async query<R extends object = Record<string, any>>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.#admin.query<R>(text, values)).rows;
  }

  /**
   * @returns for each table how many rows it has and a checksum over them: equal as long as nothing has changed. Requests to
   *   sign in are counted, whatever becomes of them, in a table that is left out
   * @param client of the administrator: sees what its own transaction has done
   */
  async contents(client: pg.Client | pg.Pool = this.#admin): Promise<Record<string, string>> {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'sign_in_counts' order by 1`,
    );
    const counts = tables.map(
      ({ name }) =>
        `select '${name}' as name, count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) as rows from ${name} t`,
    );
    const { rows } = await client.query<{ name: string; rows: string }>(counts.join(' union all '));
    return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
  }

  async drop(): Promise<void> {
    await this.#admin.end();
    await connected(this.#server.adminUrl, (admin) => admin.query(`drop database ${this.name} with (force)`));
  }
}
