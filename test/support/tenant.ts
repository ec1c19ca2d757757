import { v7 } from 'uuid';
import { systemRoleIds, type SystemRole } from '../../src/core/access/system-roles.ts';
import type { TestDatabase } from './database.ts';
import { type Person, person } from './person.ts';

/** A person with a membership in an organisation of their own, made by SQL. */
export interface Tenant extends Person {
  readonly organizationId: string;
  readonly memberId: string;
}

export async function tenant(database: TestDatabase, role: SystemRole = 'owner'): Promise<Tenant> {
  const someone = await person(database, 'Someone');
  const [organizationId, memberId] = [v7(), v7()];
  await database.query(
    `with o as (insert into organizations (id, name, slug) values ($1, 'Somewhere', $4))
     insert into members (organization_id, id, user_id) values ($1, $2, $3)`,
    [organizationId, memberId, someone.userId, `s-${organizationId}`],
  );
  await database.query('insert into member_roles values ($1, $2, $3)', [organizationId, memberId, systemRoleIds[role]]);
  return { ...someone, organizationId, memberId };
}
