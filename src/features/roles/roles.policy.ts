import { isDeepStrictEqual } from 'node:util';
import { isForTeams, isPermission, refuseUnknown, systemRoleIds, teamRoleIds } from '../../core/access/index.ts';
import type { Change } from '../../core/audit/index.ts';
import { validationProblem } from '../../core/http/index.ts';

/** Where a role can be held. */
export type RoleScope = 'organization' | 'team';

export interface RoleFields {
  readonly scope: RoleScope;
  /** What it is called by wherever it is held or given. */
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** Sorted. */
  readonly permissions: readonly string[];
}

/** What is left out stays. */
export interface RoleChanges {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly permissions?: readonly string[] | undefined;
}

/** Wherever one of these is read, it means the system's role. */
const reservedKeys: ReadonlySet<unknown> = new Set([...Object.keys(systemRoleIds), ...Object.keys(teamRoleIds)]);

export function isReserved(key: unknown): boolean {
  return reservedKeys.has(key);
}

/**
 * An organisation's role may hold any permission of the catalogue; one of teams those of teams.
 * @throws Problem unknown_permission, validation_failed, naming each that it may not
 */
export function verifyPermissions(scope: RoleScope, asked: readonly string[]): void {
  refuseUnknown(asked, pointerTo);
  const outside = asked.flatMap((key, index) => (isHeldIn(scope, key) ? [] : [pointerTo(index)]));
  if (outside.length === 0) return;
  const detail = 'is a permission of the organization, which no team role holds';
  throw validationProblem(outside.map((pointer) => ({ pointer, code: 'refused', detail })));
}

function isHeldIn(scope: RoleScope, key: string): boolean {
  return scope === 'organization' || (isPermission(key) && isForTeams(key));
}

function pointerTo(index: number): string {
  return `/permissions/${index}`;
}

export function merged<T extends RoleFields>(role: T, changes: RoleChanges): T {
  const { name = role.name, description = role.description, permissions: changed = role.permissions } = changes;
  return { ...role, name, description, permissions: changed.toSorted() };
}

const TOLD = ['key', 'scope', 'name', 'permissions'] as const;

/**
 * @param from null: it is new
 * @param to null: it is gone
 * @returns what the log tells
 */
export function differences(from: RoleFields | null, to: RoleFields | null): Record<string, Change> {
  const changed = TOLD.filter((field) => !isDeepStrictEqual(from?.[field], to?.[field]));
  return {
    ...Object.fromEntries(changed.map((field) => [field, { from: from?.[field] ?? null, to: to?.[field] ?? null }])),
    ...((from?.description ?? '') !== (to?.description ?? '') && { description: { changed: true } }),
  };
}
