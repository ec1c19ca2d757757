import type pg from 'pg';
import type { Size } from './population.ts';
import { holdings, role } from './role-population.ts';

/**
 * Makes an organisation's own roles, in its scope, and gives them to some of its members. Who holds one that is there already is left
 * as they are: somebody may have taken it from them.
 */
export async function makeRoles(client: pg.Client, { seed, roles, members }: Size, index: number): Promise<void> {
  const made = Array.from({ length: roles }, (_, n) => role(n));
  await client.query(
    `with made as (
       insert into roles (scope, key, name, permissions)
         select scope, key, name, array(select jsonb_array_elements_text(permissions))
           from jsonb_to_recordset($1) as g (scope text, key text, name text, permissions jsonb)
         on conflict (organization_id, scope, key) do nothing returning id, scope, key
     ), held as (
       insert into member_roles (member_id, role_id)
         select m.id, made.id from jsonb_to_recordset($2) as g (member_id uuid, key text)
           join made on made.key = g.key and made.scope = 'organization'
           join members m on m.id = g.member_id and m.status <> 'removed'
     )
     insert into audit_events (action, outcome, actor_type, target_type, target_id)
       select 'role.created', 'success', 'system', 'role', id from made`,
    [JSON.stringify(made), JSON.stringify(holdings(seed, index, members, roles))],
  );
}
