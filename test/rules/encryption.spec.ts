import { AppModule } from '../../src/app.module.ts';
import { declaredFields } from '../../src/core/database/encrypted-field.ts';
import { type SealedColumn, SEALED_COLUMNS } from '../../src/core/database/sealed-catalogue.ts';
import { TestDatabase } from '../support/database.ts';

it('every encrypted column is declared by a repository, which then writes it as plain text', async () => {
  expect(AppModule).toBeDefined();
  const database = await TestDatabase.create();
  const columns = await database.query<SealedColumn>(SEALED_COLUMNS);
  await database.drop();
  const named = (fields: readonly { table: string; column: string }[]): string[] =>
    fields.map(({ table, column }) => `${table}.${column}`).toSorted();
  expect(named(declaredFields())).toEqual(named(columns));
  expect(named(columns)).toContain('users.phone');
});
