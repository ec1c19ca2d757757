import { sql, type Sql } from '../../core/database/index.ts';
import { isMe } from '../../core/http/index.ts';

/** @returns the condition by which the id of a path, or `me`, is that of somebody in `members m` */
export function isMember(id: string): Sql {
  return isMe(id) ? sql`m.user_id = app.user_id() and m.status <> 'removed'` : sql`m.id = ${id}::uuid`;
}
