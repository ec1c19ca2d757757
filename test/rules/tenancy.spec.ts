import { connected } from '../../prisma/engine/connection.ts';
import { TestDatabase } from '../support/database.ts';
import { encryption } from './tenancy/encryption.rules.ts';
import { definers } from './tenancy/functions.rules.ts';
import { keys } from './tenancy/keys.rules.ts';
import { privileges } from './tenancy/privileges.rules.ts';
import { roleRules } from './tenancy/roles.rules.ts';
import { rowSecurity } from './tenancy/row-security.rules.ts';
import type { Rule } from './tenancy/rule.ts';

describe('the catalogue of the database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
  });

  afterAll(() => database.drop());

  /** @returns what breaks the rule, after the statement where there is one; the statement is rolled back */
  const violations = (rule: Rule, statement = ''): Promise<string[]> =>
    connected(database.url(), async (client) => {
      await client.query(`begin; ${statement}`);
      const { rows } = await client.query<{ violation: string }>(rule.violations);
      await client.query('rollback');
      return rows.map(({ violation }) => violation);
    });

  describe.each([...rowSecurity, ...keys, ...definers, ...roleRules, ...privileges, ...encryption])('$name', (rule) => {
    it('holds', async () => {
      expect((await violations(rule)).toSorted()).toEqual(Object.keys(rule.exceptions ?? {}).toSorted());
    });

    it.each(rule.plants)('catches: %s', async (statement, violation) => {
      expect(await violations(rule, statement)).toContain(violation);
    });
  });
});
