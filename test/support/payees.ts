import { v7 as uuid } from 'uuid';
import { type Database, encrypted, sql } from '../../src/core/database/index.ts';
import type { TestDatabase } from './database.ts';

export interface Payee {
  readonly id: string;
  readonly bankAccount: string | null;
  readonly nationalId: string | null;
  readonly taxNumber: string | null;
}

const bankAccount = encrypted({ table: 'payees', column: 'bank_account' });
const nationalId = encrypted({ table: 'payees', column: 'national_id' });
const taxNumber = encrypted({ table: 'payees', column: 'tax_number' });

/** A table of an organisation with three encrypted columns, one of them looked up by. */
export function createPayees(database: TestDatabase): Promise<unknown> {
  return database.query(`
    create table payees (organization_id uuid not null default app.organization_id(), id uuid not null default uuidv7(),
      name text not null default 'Somebody', primary key (organization_id, id));
    select app.protect_table('payees', 'organization', 'organization_id');
    select app.add_encrypted_column('payees', 'bank_account'), app.add_encrypted_column('payees', 'national_id'),
      app.add_encrypted_column('payees', 'tax_number', true);
    grant select, insert, update, delete on payees to tenantry_app`);
}

/** What a feature's repository is. */
export class Payees {
  constructor(private readonly database: Database) {}

  async add(payee: Partial<Payee>): Promise<string> {
    const id = payee.id ?? uuid();
    const taxes = payee.taxNumber ?? null;
    await this.database.query(sql`
      insert into payees (id, bank_account, national_id, tax_number, tax_number_index)
      values (${id}, ${bankAccount.of(payee.bankAccount ?? null, id)}, ${nationalId.of(payee.nationalId ?? null, id)},
        ${taxNumber.of(taxes, id)}, ${taxNumber.indexOf(taxes)})`);
    return id;
  }

  async setBankAccount(id: string, account: string | null): Promise<void> {
    await this.database.query(
      sql`update payees set bank_account = ${bankAccount.of(account, id)} where id = ${id}::uuid`,
    );
  }

  async list(): Promise<Payee[]> {
    return this.database.query<Payee>(sql`
      select id, bank_account as "bankAccount", national_id as "nationalId", tax_number as "taxNumber"
      from payees order by id`);
  }

  async findByTaxNumber(number: string): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(sql`
      select id from payees where tax_number_index = any (${taxNumber.lookUp(number)}) order by id`);
    return rows.map(({ id }) => id);
  }

  deferUnsealed(id: string): void {
    this.database.defer(sql`update payees set bank_account = ${bankAccount.of('DE1', id)}`);
  }
}
