import {
  Choice,
  demo,
  field,
  type FieldOptions,
  Identifier,
  Integer,
  Line,
  ListOf,
  ListParameter,
  Metadata,
  Nested,
  PageQuery,
  rules,
  SearchParameter,
  selectionOf,
  SortParameter,
  Text,
  Timestamp,
} from '../../core/http/index.ts';
import type { JsonObject } from './merge-patch.ts';
import type { Organization, OwnOrganization, OwnOrganizationsFilter } from './organizations.repository.ts';
import type { OrganizationChanges, OrganizationDraft } from './organizations.service.ts';
import { isReserved, LONGEST_SLUG, SLUG_PATTERN } from './slug.policy.ts';

const NAME = { min: 1, max: 200, example: 'Acme' };

const SLUG = { pattern: SLUG_PATTERN, max: LONGEST_SLUG };

/** A slug that an organisation may choose. */
const Slug = ({ description, ...options }: FieldOptions = {}): PropertyDecorator =>
  field(freeSlug, { example: 'acme', ...options, description: [description, RESERVED].filter(Boolean).join(' ') });

const RESERVED = 'What the platform needs for itself, `admin` for one, is refused (`reserved`).';
const wellFormed = rules.text(SLUG);
const freeSlug: rules.Rule = {
  schema: wellFormed.schema,
  faults: (value) =>
    typeof value === 'string' && isReserved(value)
      ? [{ path: '', code: 'reserved', detail: 'is reserved; choose another one' }]
      : wellFormed.faults(value),
};

export class OrganizationRequest {
  @Line(NAME)
  name: string;

  @Slug({ optional: true, description: 'Made from the name when it is left out.' })
  slug?: string;

  @Metadata({ optional: true })
  metadata?: JsonObject;
}

/** As it is filled in: each can be sent again, for its slug is made anew. */
export const organizationExamples = {
  without_slug: { summary: 'The slug is made from the name', value: { name: NAME.example, metadata: {} } },
};

export class OrganizationPatch {
  @Line({ ...NAME, optional: true, example: demo.organization.name })
  name?: string;

  @Slug({ optional: true, example: demo.organization.slug })
  slug?: string;

  @Metadata({
    optional: true,
    nullable: true,
    description: 'Merged into what is there (RFC 7396): null removes a member, or all of them in place of the object.',
  })
  metadata?: JsonObject | null;
}

export class OrganizationsQuery extends PageQuery {
  @SearchParameter('name')
  q?: string;

  @ListParameter(rules.text({ max: LONGEST_SLUG }), { description: 'Any of these slugs.' })
  slug?: string[];

  @ListParameter(rules.text({ max: 48 }), { description: 'The caller holds any of these roles.' })
  role?: string[];

  @SortParameter(['name', 'created_at'])
  sort: string[] = ['name'];
}

class MembershipResponse {
  @Identifier({ description: "The caller's member id." })
  id: string;

  @ListOf(rules.text(), { example: ['owner'] })
  roles: readonly string[];

  @Choice(['active', 'suspended'])
  status: string;
}

class CountsResponse {
  @Integer({ min: 0, description: 'Active and suspended ones.' })
  members: number;

  @Integer({ min: 0 })
  teams: number;
}

export class OwnOrganizationResponse {
  @Identifier()
  id: string;

  @Line(NAME)
  name: string;

  @Text({ ...SLUG, example: 'acme' })
  slug: string;

  @Metadata()
  metadata: JsonObject;

  @Timestamp()
  created_at: string;

  @Timestamp()
  updated_at: string;

  @Nested(() => MembershipResponse)
  membership: MembershipResponse;
}

export class OrganizationResponse extends OwnOrganizationResponse {
  @Nested(() => CountsResponse)
  counts: CountsResponse;
}

export function toDraft({ name, slug, metadata = {} }: OrganizationRequest): OrganizationDraft {
  return { name, slug, metadata };
}

export function toChanges({ name, slug, metadata }: OrganizationPatch): OrganizationChanges {
  return { name, slug, metadata };
}

/** @throws Problem page_too_deep, validation_failed for a page and a cursor together */
export function toFilter(query: OrganizationsQuery): OwnOrganizationsFilter {
  const { q, slug: slugs, role: roles } = query;
  return { q, slugs, roles, selection: selectionOf(query) };
}

export function toOwnOrganization(organization: OwnOrganization): OwnOrganizationResponse {
  const { id, name, slug, metadata, createdAt, updatedAt, memberId, roles, memberStatus } = organization;
  return {
    id,
    name,
    slug,
    metadata,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    membership: { id: memberId, roles, status: memberStatus },
  };
}

export function toOrganization(organization: Organization): OrganizationResponse {
  const { memberCount, teamCount } = organization;
  const own: Omit<OrganizationResponse, 'counts'> = toOwnOrganization(organization);
  return { ...own, counts: { members: memberCount, teams: teamCount } };
}
