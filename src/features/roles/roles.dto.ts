import { AskedPermissions, PermissionKeys } from '../../core/access/index.ts';
import {
  Choice,
  field,
  Flag,
  Identifier,
  Line,
  ListParameter,
  PageQuery,
  rules,
  SearchParameter,
  selectionOf,
  SortParameter,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import type { Role } from './role.ts';
import { isReserved, type RoleChanges, type RoleFields, type RoleScope } from './roles.policy.ts';
import type { RolesFilter } from './roles.repository.ts';

const NAME = { min: 1, max: 100, example: 'Billing' };
const DESCRIPTION = { max: 500, example: 'Whoever deals with invoices.' };
const LONGEST_KEY = 48;
const KEY = { max: LONGEST_KEY, pattern: /^[a-z][a-z0-9_-]{0,47}$/ };
const SCOPES: readonly RoleScope[] = ['organization', 'team'];
const SCOPE = 'Where it can be held: by a member in the whole organization, or on a team and what is beneath it.';
const YES_OR_NO = ['true', 'false'];

const wellFormed = rules.text(KEY);
const freeKey: rules.Rule = {
  schema: wellFormed.schema,
  faults: (value) =>
    isReserved(value)
      ? [{ path: '', code: 'reserved', detail: 'is the key of a system role; choose another one' }]
      : wellFormed.faults(value),
};

export class RoleRequest {
  @field(freeKey, {
    example: 'billing',
    description: 'What it is given and held by; it stays. Those of system roles are refused (`reserved`).',
  })
  key: string;

  @Line(NAME)
  name: string;

  @Text({ ...DESCRIPTION, optional: true })
  description?: string;

  @Choice(SCOPES, { description: SCOPE, example: 'organization' })
  scope: RoleScope;

  @AskedPermissions({ description: 'Keys of the catalogue. A team role holds those of teams alone.' })
  permissions: string[];
}

export class RolePatch {
  @Line({ ...NAME, optional: true })
  name?: string;

  @Text({ ...DESCRIPTION, optional: true, nullable: true, description: 'null: none from then on.' })
  description?: string | null;

  @AskedPermissions({ optional: true, description: 'All that it is to permit.' })
  permissions?: string[];
}

export class RolesQuery extends PageQuery {
  @SearchParameter('name or key')
  q?: string;

  @ListParameter(rules.choice(SCOPES), { description: SCOPE })
  scope?: RoleScope[];

  @ListParameter(rules.choice(YES_OR_NO), { description: '`true`: those of every organization; `false`: your own.' })
  system?: string[];

  @SortParameter(['name', 'key', 'created_at'])
  sort: string[] = ['name'];
}

export class RoleDeletion {
  @Text({
    max: LONGEST_KEY,
    optional: true,
    description: 'The key of another role of its scope, which whoever holds it or is promised it gets in its place.',
    example: 'member',
  })
  reassign_to?: string;
}

export class RoleResponse {
  @Identifier()
  id: string;

  @Identifier()
  organization_id: string;

  @Text({ ...KEY, example: 'billing' })
  key: string;

  @Line(NAME)
  name: string;

  @Text(DESCRIPTION)
  description: string;

  @Choice(SCOPES, { description: SCOPE })
  scope: string;

  @Flag({ description: 'It is the same in every organization, and nobody changes it.' })
  system: boolean;

  @PermissionKeys({ description: 'Sorted.', example: ['members:read'] })
  permissions: readonly string[];

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;
}

export function toDraft({ key, name, description = '', scope, permissions }: RoleRequest): RoleFields {
  return { key, name, description, scope, permissions };
}

export function toChanges({ name, description, permissions }: RolePatch): RoleChanges {
  return { name, description: description === null ? '' : description, permissions };
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: RolesQuery): RolesFilter {
  const { q, scope: scopes, system } = query;
  return { q, scopes, systems: system?.map((word) => word === 'true'), selection: selectionOf(query) };
}

export function toRole(role: Role): RoleResponse {
  const { id, organizationId, key, name, description, scope, system, permissions, createdAt, updatedAt } = role;
  return {
    id,
    organization_id: organizationId,
    key,
    name,
    description,
    scope,
    system,
    permissions,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
