import { Injectable } from '@nestjs/common';
import { Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type FieldError, type Precondition, Problem, validationProblem } from '../../core/http/index.ts';
import type { Member, Membership } from './member.ts';
import { MembersRepository } from './members.repository.ts';

/** What is left out stays. */
export interface MembershipChanges {
  /** Keys of the roles that the member holds from then on. */
  readonly roles?: readonly string[] | undefined;
  readonly status?: 'active' | 'suspended' | undefined;
}

const OWNER = 'owner';

/** How memberships change and end. Of two who change one organisation's at once, one waits for the other. */
@Injectable()
export class MembershipsService {
  constructor(
    private readonly database: Database,
    private readonly repository: MembersRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
  ) {}

  /** @returns undefined also of one who has left: that is history, and changes no more */
  async versionOf(id = 'me'): Promise<number | undefined> {
    return (await this.repository.findPresent(id))?.version;
  }

  /**
   * @param id or `me`
   * @throws Problem not_found, precondition_failed, validation_failed for a role that is not there, grant_exceeds_own, last_owner
   */
  async update(id: string, changes: MembershipChanges, precondition: Precondition): Promise<Member> {
    return this.database.transaction(async () => {
      const member = await this.#locked(id, precondition);
      const next = merged(member, changes);
      const changed = differences(member, next);
      const roleIds = await this.#roleIds(member, changes.roles);
      if (Object.keys(changed).length === 0) return member;
      await this.grants.verifyMember(member.id, [...roleIds.values()]);
      await this.#keepOwner(member, next);
      const given = next.roles.flatMap((key) => roleIds.get(key) ?? []);
      await this.audit.announce();
      const touched = await this.repository.update(member.id, next.status, given);
      const target = { type: 'member', id: member.id };
      this.audit.record({ action: actionOf(member, next), target, changes: changed });
      return { ...member, ...next, ...touched };
    });
  }

  /**
   * Ends somebody's membership.
   * @throws Problem not_found, precondition_failed, grant_exceeds_own, last_owner
   */
  async remove(id: string, precondition: Precondition): Promise<void> {
    return this.database.transaction(async () => {
      const member = await this.#locked(id, precondition);
      const roleIds = await this.#roleIds(member);
      await this.grants.verifyMember(member.id, [...roleIds.values()]);
      await this.#end(member);
    });
  }

  /**
   * Ends the caller's membership, which takes no permission.
   * @throws Problem not_found, precondition_failed, last_owner
   */
  async leave(precondition: Precondition): Promise<void> {
    return this.database.transaction(async () => this.#end(await this.#locked('me', precondition)));
  }

  async #end(member: Member): Promise<void> {
    await this.#keepOwner(member, { status: 'removed', roles: [] });
    await this.audit.announce();
    await this.repository.end(member.id);
    const isOwn = member.userId === currentContext().scope?.userId;
    this.audit.record({
      action: isOwn ? 'member.left' : 'member.removed',
      target: { type: 'member', id: member.id },
      changes: differences(member, { status: 'removed', roles: [] }),
    });
  }

  /** The organisation first, so that nobody's roles change from here on: neither the member's, nor the caller's, nor an owner's. */
  async #locked(id: string, precondition: Precondition): Promise<Member> {
    await this.organization.take();
    const member = existing(await this.repository.findPresent(id));
    precondition.verify(member.version);
    return member;
  }

  /**
   * @param asked keys of those that the member is to hold, as they were sent
   * @returns by their key, those and the ones that the member holds
   */
  async #roleIds(member: Membership, asked: readonly string[] = []): Promise<ReadonlyMap<string, string>> {
    const ids = await this.repository.roleIds([...member.roles, ...asked]);
    const faults = asked.flatMap((key, index) => (ids.has(key) ? [] : unknownRole(index)));
    if (faults.length > 0) throw validationProblem(faults);
    return ids;
  }

  async #keepOwner(member: Member, next: Membership): Promise<void> {
    const goes = isOwner(member) && !isOwner(next);
    if (goes && (await this.repository.isLastOwner(member.id))) throw new Problem('last_owner');
  }
}

function merged(member: Membership, { roles, status }: MembershipChanges): Membership {
  return { roles: roles?.toSorted() ?? member.roles, status: status ?? member.status };
}

function isOwner({ roles, status }: Membership): boolean {
  return status === 'active' && roles.includes(OWNER);
}

function differences(from: Membership, to: Membership): Record<string, Change> {
  return {
    ...(from.status !== to.status && { status: { from: from.status, to: to.status } }),
    ...(from.roles.join() !== to.roles.join() && { roles: { from: from.roles, to: to.roles } }),
  };
}

function actionOf(from: Membership, to: Membership): string {
  if (from.status === to.status) return 'member.updated';
  return to.status === 'suspended' ? 'member.suspended' : 'member.reactivated';
}

function unknownRole(index: number): FieldError {
  return { pointer: `/roles/${index}`, code: 'unknown', detail: 'is no role of this organization' };
}
