import { connected } from '../../prisma/engine/connection.ts';

const OURS = `('public', 'app', 'graphile_worker')`;

// Each answers with one line of text for each object, complete enough that two equal lines are two equal objects.
const QUERIES = [
  `select 'schema ' || nspname || ' ' || nspowner::regrole || ' ' || coalesce(nspacl::text, '') from pg_namespace
   where nspname in ${OURS}`,
  `select 'relation ' || c.oid::regclass || ' ' || relkind::text || relowner::regrole || ' ' || relrowsecurity::text || relforcerowsecurity::text
     || ' ' || coalesce((select string_agg(a::text, ',' order by a::text) from unnest(
       coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))) a), '')
     || ' ' || coalesce(array_to_string(reloptions, ','), '')
   from pg_class c join pg_namespace n on n.oid = relnamespace where nspname in ${OURS} and relkind <> 't'`,
  `select 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull::text
     || attgenerated::text || ' ' || coalesce(pg_get_expr(adbin, adrelid), '')
     || ' ' || coalesce((select string_agg(a::text, ',' order by a::text) from unnest(attacl) a), '')
   from pg_attribute join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
   left join pg_attrdef on adrelid = attrelid and adnum = attnum
   where nspname in ${OURS} and relkind in ('r', 'p', 'v', 'm') and attnum > 0 and not attisdropped`,
  `select 'index ' || pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indexrelid
   join pg_namespace n on n.oid = relnamespace where nspname in ${OURS}`,
  `select 'constraint ' || conname || ' ' || conrelid::regclass || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k
   join pg_namespace n on n.oid = connamespace where nspname in ${OURS} and conrelid <> 0`,
  `select 'policy ' || p.*::text from pg_policies p where schemaname in ${OURS}`,
  `select 'trigger ' || pg_get_triggerdef(t.oid) || tgenabled::text from pg_trigger t join pg_class c on c.oid = tgrelid
   join pg_namespace n on n.oid = relnamespace where nspname in ${OURS} and not tgisinternal`,
  `select 'function ' || pg_get_functiondef(p.oid) || ' ' || proowner::regrole
     || ' ' || coalesce((select string_agg(a::text, ',' order by a::text) from unnest(proacl) a), '')
   from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname in ${OURS} and prokind in ('f', 'p')
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
  `select 'type ' || typname || ' ' || typtype::text || ' ' || typowner::regrole from pg_type t
   join pg_namespace n on n.oid = typnamespace where nspname in ${OURS} and typtype in ('e', 'd', 'r')`,
  `select 'default ' || defaclrole::regrole || defaclobjtype::text || defaclacl::text from pg_default_acl`,
  `select 'extension ' || extname from pg_extension`,
];

/** Every object of the database with its owner, definition and privileges, one line each, in order. */
export async function catalogue(url: string): Promise<string[]> {
  return connected(url, async (client) => {
    const lines: string[] = [];
    for (const query of QUERIES) {
      const { rows } = await client.query<[string]>({ text: query, rowMode: 'array' });
      lines.push(...rows.map(([line]) => line));
    }
    return lines.filter((line) => !line.includes('_prisma_migrations')).toSorted();
  });
}
