import { Injectable } from '@nestjs/common';
import { everyPermission, type Grant, Grants, OrganizationLock, systemRoleIds } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type Precondition, Problem, validationProblem } from '../../core/http/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import type { Role } from './role.ts';
import {
  differences,
  merged,
  type RoleChanges,
  type RoleFields,
  type RoleScope,
  verifyPermissions,
} from './roles.policy.ts';
import { type RolesFilter, RolesRepository } from './roles.repository.ts';

const OWNERSHIP = { roleId: systemRoleIds.owner, teamId: null };

/**
 * What custom roles permit. Each is for the whole organisation, so whoever makes, changes or deletes one is judged by what
 * they hold there, and not on a team. Whoever gives a role has locked the organisation as well: what is given is what was judged.
 */
@Injectable()
export class RolesService {
  constructor(
    private readonly database: Database,
    private readonly repository: RolesRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
  ) {}

  async list(filter: RolesFilter): Promise<Rows<Role>> {
    return this.repository.list(filter);
  }

  /** @throws Problem not_found */
  async find(id: string): Promise<Role> {
    return existing(await this.repository.find(id));
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.find(id))?.version;
  }

  /** @throws Problem unknown_permission, validation_failed, grant_exceeds_own, already_exists for a key that is taken */
  async create(draft: RoleFields): Promise<Role> {
    return this.database.transaction(async () => {
      await this.organization.take();
      verifyPermissions(draft.scope, draft.permissions);
      await this.grants.verifyAll([permitting(draft.permissions)]);
      const role = await this.repository.insert(merged(draft, {}));
      if (!role) throw keyTaken();
      this.#record('role.created', role, differences(null, role));
      return role;
    });
  }

  /**
   * @throws Problem not_found, precondition_failed, unknown_permission, validation_failed, conflict of the system's, grant_exceeds_own
   * where it permitted or is to permit more than the caller may, or somebody who holds it does
   */
  async update(id: string, changes: RoleChanges, precondition: Precondition): Promise<Role> {
    return this.database.transaction(async () => {
      const role = await this.#locked(id, precondition);
      const next = merged(role, changes);
      verifyPermissions(role.scope, changes.permissions ?? []);
      refuseSystem(role);
      // Judged also where nothing changes: the answer tells of the role.
      await this.grants.verifyAll(await this.grantsOfChange(role, next.permissions));
      const changed = differences(role, next);
      if (Object.keys(changed).length === 0) return role;
      this.#record('role.updated', role, changed);
      return this.repository.update(next);
    });
  }

  /**
   * @returns what it takes to change a role, were it to permit this: what it permits now and then, and whatever else those hold who hold
   * it, on teams too, as if each of them were changed. A team role is held on each by somebody else's word; but also on private ones
   */
  async grantsOfChange(role: Role, permissions: readonly string[]): Promise<readonly Grant[]> {
    const changed = permitting([...role.permissions, ...permissions]);
    if (role.scope === 'team') return [changed, { teamId: null, takes: ['teams:read_private'] }];
    return [changed, ...(await this.#heldBesides(role))];
  }

  /** Looks for none that permits no more than the caller may everywhere, but for ownership: of most who change roles, for none else. */
  async #heldBesides({ id }: Role): Promise<readonly Grant[]> {
    const own = await this.grants.holdings([OWNERSHIP]);
    const lacking = own.missing([permitting(everyPermission)]);
    const exceeding = lacking.length === 0 ? [] : await this.repository.permittingAny(lacking);
    const among = (scope: RoleScope): string[] => exceeding.flatMap((role) => (role.scope === scope ? role.id : []));
    const ownership = own.lackOwnership([OWNERSHIP]) ? [OWNERSHIP.roleId] : [];
    const ofOrganization = [...new Set([...ownership, ...among('organization')])];
    const ofTeams = among('team');
    return [
      ...(ofOrganization.length === 0 ? [] : await this.repository.heldBesides(id, ofOrganization)),
      ...(ofTeams.length === 0 ? [] : await this.repository.heldOnTeams(id, ofTeams)),
    ];
  }

  /**
   * @param reassignTo the key of the role that takes its place
   * @throws Problem not_found, precondition_failed, validation_failed for no role to take its place, conflict of the system's,
   * grant_exceeds_own, role_in_use
   */
  async delete(id: string, reassignTo: string | undefined, precondition: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      const role = await this.#locked(id, precondition);
      const target = reassignTo === undefined ? undefined : await this.#target(role, reassignTo);
      refuseSystem(role);
      await this.grants.verifyAll(
        target ? await this.#grantsOfReassignment(role, target) : [permitting(role.permissions)],
      );
      await this.#refuseInUse(role, target);
      await this.repository.dropEndedPromises(id);
      if (target) await this.#reassign(role, target);
      await this.repository.delete(id);
      this.#record('role.deleted', role, {
        ...differences(role, null),
        ...(target && { reassigned_to: { from: null, to: target.key } }),
      });
    });
  }

  async #grantsOfReassignment(role: Role, target: Role): Promise<readonly Grant[]> {
    return [...(await this.grantsOfChange(role, [])), { roleId: target.id, teamId: null }];
  }

  /** @throws Problem role_in_use; whatever takes its place, where an owner is to keep it: what they keep is theirs to say */
  async #refuseInUse(role: Role, target: Role | undefined): Promise<void> {
    if (target && (await this.repository.isKept(role))) throw keptByOwner();
    if (!target && (await this.repository.isInUse(role.id))) throw new Problem('role_in_use');
  }

  async #reassign(role: Role, target: Role): Promise<void> {
    await this.audit.announce();
    await this.repository.reassign(role.id, target.id);
  }

  async #locked(id: string, precondition: Precondition): Promise<Role> {
    await this.organization.take();
    const role = await this.find(id);
    precondition.verify(role.version);
    return role;
  }

  async #target({ id, scope }: Role, key: string): Promise<Role> {
    const target = await this.repository.findByKey(scope, key);
    if (target && target.id !== id) return target;
    const detail = `must be another role of this organization, for ${scope === 'team' ? 'teams' : 'members'}`;
    throw validationProblem([{ parameter: 'reassign_to', code: 'unknown', detail }]);
  }

  #record(action: string, { id }: Role, changes: Record<string, Change>): void {
    this.audit.record({ action, target: { type: 'role', id }, changes });
  }
}

function permitting(permissions: readonly string[]): Grant {
  return { takes: permissions, teamId: null };
}

/** @throws Problem conflict */
export function refuseSystem({ system }: Role): void {
  if (!system) return;
  const detail = 'It is the same in every organization, and nobody changes it. Create a custom role instead.';
  throw new Problem('conflict', { detail });
}

function keyTaken(): Problem {
  return new Problem('already_exists', {
    detail: 'Another role has this key. Choose a different one.',
    errors: [{ pointer: '/key', code: 'taken', detail: 'is taken' }],
  });
}

function keptByOwner(): Problem {
  const detail = 'An offer of ownership says that its owner keeps this role. Cancel the offer first.';
  return new Problem('role_in_use', { detail });
}
