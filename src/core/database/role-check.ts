import type { Connections } from './connections.ts';
import { first } from './result-set.ts';

/**
 * Refuses a database role under which row level security would be no wall: one that is, or may become, a superuser, a role
 * with BYPASSRLS, or the owner of the tables. In every environment, so that nobody gets used to it.
 * @throws Error naming DATABASE_URL and what is wrong with its role
 */
export async function refusePowerfulRole(connections: Connections): Promise<void> {
  const question = { text: POWERS, values: [], rowMode: 'array' } as const;
  const { rows } = first(await connections.use((connection) => connection.send([question])));
  const faults = rows.flatMap((row) => Object.values(row));
  if (faults.length > 0) {
    throw new Error(
      `DATABASE_URL: its role ${faults.join(', ')}, so tenants would not be kept apart. Use tenantry_app.`,
    );
  }
}

const POWERS = `
  select case
      when r.rolname <> current_user then 'may become ' || r.rolname
      when r.rolsuper then 'is a superuser'
      when r.rolbypassrls then 'has BYPASSRLS'
      else 'owns the tables'
    end as fault
    from pg_roles r
    where pg_has_role(current_user, r.oid, 'member') and (
      r.rolsuper or r.rolbypassrls
      or (select relowner from pg_class where oid = 'public.organizations'::regclass) = r.oid)`;
