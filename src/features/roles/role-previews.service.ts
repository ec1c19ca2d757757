import { Injectable } from '@nestjs/common';
import { Grants } from '../../core/access/index.ts';
import { validationProblem } from '../../core/http/index.ts';
import { type Difference, differenceFor, differenceOf, type Holder } from './role-previews.policy.ts';
import { RolePreviewsRepository } from './role-previews.repository.ts';
import type { Role } from './role.ts';
import { verifyPermissions } from './roles.policy.ts';
import { RolesRepository } from './roles.repository.ts';
import { refuseSystem, RolesService } from './roles.service.ts';

export const MOST_NAMED = 20;

interface Effect {
  /** How many holders gain or lose something. */
  readonly affected: number;
  /** The first of them, by their ids. */
  readonly sample: readonly (Holder & Difference)[];
}

/** What an edit of a role would do. */
export interface Preview extends Effect {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What the caller would need to make it. */
  readonly missing: readonly string[];
}

/** Says what would be, as far as the caller sees whom it is about, and changes nothing. */
@Injectable()
export class RolePreviewsService {
  constructor(
    private readonly repository: RolePreviewsRepository,
    private readonly rows: RolesRepository,
    private readonly roles: RolesService,
    private readonly grants: Grants,
  ) {}

  /**
   * @param roleId undefined: of one that is to be made, which nobody holds
   * @param permissions all that it is to permit
   * @throws Problem validation_failed for a role that is not there; and whatever else an edit is refused with, but for what it takes
   */
  async preview(roleId: string | undefined, permissions: readonly string[]): Promise<Preview> {
    const role = roleId === undefined ? undefined : await this.#named(roleId);
    verifyPermissions(role?.scope ?? 'organization', permissions);
    if (role) refuseSystem(role);
    const difference = differenceOf({ before: new Set(role?.permissions), after: new Set(permissions) });
    const { gained: added, lost: removed } = difference;
    const missing = await this.#missing(role, permissions);
    return { added, removed, missing, ...(await this.#effect(role, difference)) };
  }

  async #named(roleId: string): Promise<Role> {
    const role = await this.rows.find(roleId);
    if (role) return role;
    throw validationProblem([{ pointer: '/role_id', code: 'unknown', detail: 'must be a role of this organization' }]);
  }

  async #missing(role: Role | undefined, permissions: readonly string[]): Promise<readonly string[]> {
    const grants = role ? await this.roles.grantsOfChange(role, permissions) : [{ takes: permissions, teamId: null }];
    return (await this.grants.holdings(grants)).missing(grants);
  }

  async #effect(role: Role | undefined, difference: Difference): Promise<Effect> {
    const changed = [...difference.gained, ...difference.lost];
    if (!role || changed.length === 0) return { affected: 0, sample: [] };
    const { affected, first } = await this.repository.affected(role, changed, MOST_NAMED);
    return {
      affected,
      sample: first.map(({ permitted, ...holder }) => ({ ...holder, ...differenceFor(difference, permitted) })),
    };
  }
}
