import { Injectable } from '@nestjs/common';
import { Grants, OrganizationLock, type Permission } from '../../core/access/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import { type Difference, differenceFor, differenceOf, type Holder } from './role-previews.policy.ts';
import { RolePreviewsRepository } from './role-previews.repository.ts';
import type { Role } from './role.ts';
import { verifyPermissions } from './roles.policy.ts';
import { RolesRepository } from './roles.repository.ts';
import { refuseSystem, RolesService } from './roles.service.ts';

export const MOST_NAMED = 20;

/** What it takes to be told of a role that is there, and of who holds it. */
const READING: Permission = 'roles:read';

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
  /** Whether only an owner makes it, for whom it befalls is one, and the caller is none. */
  readonly isForOwners: boolean;
}

/** Says what would be, as far as the caller sees whom it is about, and changes nothing. */
@Injectable()
export class RolePreviewsService {
  constructor(
    private readonly database: Database,
    private readonly repository: RolePreviewsRepository,
    private readonly rows: RolesRepository,
    private readonly organization: OrganizationLock,
    private readonly roles: RolesService,
    private readonly grants: Grants,
  ) {}

  /**
   * Judges as an edit does, behind the same lock, so that all of it is of one moment.
   * @param roleId undefined: of one that is to be made, which nobody holds
   * @param permissions all that it is to permit
   * @throws Problem permission_denied for a role that is there, without `roles:read`; validation_failed for one that is not; and whatever
   * else an edit is refused with, but for what it takes
   */
  async preview(roleId: string | undefined, permissions: readonly string[]): Promise<Preview> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const role = roleId === undefined ? undefined : await this.rows.find(roleId);
      const grants = role ? await this.roles.grantsOfChange(role, permissions) : [{ takes: permissions, teamId: null }];
      const holdings = await this.grants.holdings(grants);
      if (roleId !== undefined && !holdings.permit(READING)) throw unreadable();
      if (roleId !== undefined && !role) throw unknown();
      verifyPermissions(role?.scope ?? 'organization', permissions);
      if (role) refuseSystem(role);
      const difference = differenceOf({ before: new Set(role?.permissions), after: new Set(permissions) });
      const { gained: added, lost: removed } = difference;
      const [missing, isForOwners] = [holdings.missing(grants), holdings.lackOwnership(grants)];
      return { added, removed, missing, isForOwners, ...(await this.#effect(role, difference)) };
    });
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

function unreadable(): Problem {
  return new Problem('permission_denied', { members: { required: READING } });
}

function unknown(): Problem {
  return validationProblem([{ pointer: '/role_id', code: 'unknown', detail: 'must be a role of this organization' }]);
}
