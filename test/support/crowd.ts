import type { Organization } from './actors.ts';
import type { TestDatabase } from './database.ts';

/** Fills an organisation up to so many members, of different names, each of whom holds the role `member`. */
export async function crowd(database: TestDatabase, { id }: Organization, size: number): Promise<void> {
  await database.query(
    `with person as (
       insert into users (email, email_key, name)
         select e, e, initcap(substr(md5(random()::text), 1, 6)) || ' ' || initcap(substr(md5(random()::text), 1, 8))
           from generate_series(1, $2 - (select count(*)::int from members where organization_id = $1)) as n,
             lateral (select md5($1::text || n) || '@example.com' as e) as address
         returning id
     )
     insert into members (organization_id, user_id, joined_at)
       select $1, id, now() - random() * interval '1000 days' from person`,
    [id, size],
  );
  await database.query(
    `insert into member_roles (organization_id, member_id, role_id)
       select m.organization_id, m.id, r.id from members m join roles r on r.organization_id = m.organization_id and r.key = 'member' and r.scope = 'organization'
         where m.organization_id = $1 on conflict do nothing`,
    [id],
  );
  await database.query('vacuum (analyze) users, members, member_roles, roles');
}
