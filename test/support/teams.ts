import { v7 as uuid } from 'uuid';
import type { Organization } from './actors.ts';
import type { TestDatabase } from './database.ts';

interface NewTeam {
  readonly name?: string;
  /** The id of the team above. */
  readonly parent?: string;
  readonly isPrivate?: boolean;
}

/** Makes a row as the API does. @returns its id */
export async function team(
  database: TestDatabase,
  { id: organizationId }: Pick<Organization, 'id'>,
  { name = 'Team', parent, isPrivate = false }: NewTeam = {},
): Promise<string> {
  const id = uuid();
  await database.query(
    `insert into teams (organization_id, id, name, slug, visibility, path, private_path)
       select $1, $2, $3, $4, case when $5 then 'private' else 'organization' end, coalesce(p.path, '{}') || $2::uuid,
           coalesce(p.private_path, '{}') || case when $5 then array[$2::uuid] else '{}' end
         from (select) as one left join teams p on p.organization_id = $1 and p.id = $6`,
    [organizationId, id, name, `t-${id}`, isPrivate, parent],
  );
  return id;
}
