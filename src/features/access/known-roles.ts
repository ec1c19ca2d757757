import type { HeldRow, RoleRow } from './access.repository.ts';
import { type Role, roleOf, type TeamRole } from './explanation.policy.ts';

/** Roles by their ids. */
export class KnownRoles {
  readonly #roles: ReadonlyMap<string, Role>;

  constructor(rows: readonly RoleRow[]) {
    this.#roles = new Map(rows.map((row) => [row.id, roleOf(row)]));
  }

  all(ids: readonly string[]): Role[] {
    return ids.flatMap((id) => this.#roles.get(id) ?? []);
  }

  onTeams(held: readonly HeldRow[]): TeamRole[] {
    return held.flatMap(({ teamId, roleId }) => this.all([roleId]).map((role) => ({ teamId, role })));
  }
}
