import { v7 } from 'uuid';
import { systemRoleIds, type SystemRole } from '../../src/core/access/permissions.ts';
import type { TestDatabase } from './database.ts';

/** A person with a live session and a membership in an organisation of their own, made by SQL. */
export interface Tenant {
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
  readonly memberId: string;
}

export async function tenant(database: TestDatabase, role: SystemRole = 'owner'): Promise<Tenant> {
  const [userId, sessionId, organizationId, memberId] = [v7(), v7(), v7(), v7()] as const;
  await database.query(
    `with u as (insert into users (id, email, email_key, name) values ($1, $5, $5, 'Someone')),
       s as (insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
         values ($1, $2, now() + interval '1 hour', '{pwd}', '127.0.0.1')),
       o as (insert into organizations (id, name, slug) values ($3, 'Somewhere', $6))
     insert into members (organization_id, id, user_id) values ($3, $4, $1)`,
    [userId, sessionId, organizationId, memberId, `${userId}@example.com`, `s-${organizationId}`],
  );
  await database.query('insert into member_roles values ($1, $2, $3)', [organizationId, memberId, systemRoleIds[role]]);
  return { userId, sessionId, organizationId, memberId };
}
