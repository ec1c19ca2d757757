import type { RoleDefinition } from '../../core/access/index.ts';
import { type Role, roleOf, type TeamRole } from './explanation.policy.ts';

export interface RoleRow extends RoleDefinition {
  readonly id: string;
}

/** A role that is held on a team. */
export interface HeldRow {
  readonly teamId: string;
  readonly roleId: string;
}

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
