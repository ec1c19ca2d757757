import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Audit, type Change } from '../../core/audit/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { EXACT_ROWS, type Precondition, Problem, rowsOf, rules, validationProblem } from '../../core/http/index.ts';
import { mergePatch } from './merge-patch.ts';
import type { OrganizationPatch, OrganizationRequest, OrganizationsQuery } from './organizations.dto.ts';
import {
  type Organization,
  type OrganizationFields,
  OrganizationsRepository,
  type OwnOrganization,
} from './organizations.repository.ts';
import { slugOf, withSuffix } from './slug.policy.ts';

/** 27^5 endings: a second clash in a row is a sign that something else is wrong. */
const SLUG_ATTEMPTS = 3;

@Injectable()
export class OrganizationsService {
  constructor(
    private readonly database: Database,
    private readonly repository: OrganizationsRepository,
    private readonly audit: Audit,
  ) {}

  /**
   * Makes an organisation whose owner is the caller.
   * @throws Problem already_exists when the slug that was asked for is taken
   */
  async create(request: OrganizationRequest): Promise<Organization> {
    const { scope } = currentContext();
    if (!scope) throw new Error('an organisation is founded by somebody');
    const [id, memberId] = [uuid(), uuid()];
    return this.database.inScope(scope.founding(id, memberId), () =>
      this.database.transaction(async () => {
        await this.#insert(request, memberId);
        const organization = await this.repository.find();
        this.audit.record({
          action: 'organization.created',
          target: { type: 'organization', id },
          changes: { name: { from: null, to: organization.name }, slug: { from: null, to: organization.slug } },
        });
        this.audit.record({
          action: 'member.joined',
          target: { type: 'member', id: memberId },
          changes: { roles: { from: null, to: organization.roles } },
        });
        return organization;
      }),
    );
  }

  async #insert({ name, slug, metadata = {} }: OrganizationRequest, memberId: string): Promise<void> {
    const insert = (candidate: string) => this.repository.insert({ name, slug: candidate, metadata, memberId });
    if (slug !== undefined) {
      if (!(await insert(slug))) throw slugTaken();
      return;
    }
    const made = slugOf(name);
    for (let attempt = 0; attempt < SLUG_ATTEMPTS; attempt += 1) {
      if (await insert(attempt === 0 ? made : withSuffix(made))) return;
    }
    throw slugTaken();
  }

  /** @throws Problem page_too_deep, validation_failed for mixed directions */
  async list(query: OrganizationsQuery): Promise<{ rows: OwnOrganization[]; counted: number }> {
    const { q, slug, role, sort = ['name'] } = query;
    const descending = sort.filter((name) => name.startsWith('-')).length;
    if (descending > 0 && descending < sort.length) throw validationProblem([mixedDirections]);
    const filter = { q, slugs: slug, roles: role, descending: descending > 0, ...rowsOf(query) };
    const keys = sort.map((name) => (name.endsWith('name') ? 'name' : 'created_at'));
    return this.repository.list({ ...filter, sort: keys }, EXACT_ROWS + 1);
  }

  async find(): Promise<Organization> {
    return this.repository.find();
  }

  /** @throws Problem precondition_failed, validation_failed for metadata that grew too large, already_exists for a taken slug */
  async update(patch: OrganizationPatch, precondition: Precondition): Promise<Organization> {
    return this.database.transaction(async () => {
      const organization = await this.repository.findLocked();
      precondition.verify(organization.version);
      const fields = merged(organization, patch);
      const changes = differences(organization, fields);
      if (Object.keys(changes).length === 0) return organization;
      const touched = await this.repository.update(organization.id, fields);
      if (!touched) throw slugTaken();
      const target = { type: 'organization', id: organization.id };
      this.audit.record({ action: 'organization.updated', target, changes });
      return { ...organization, ...fields, ...touched };
    });
  }
}

const mixedDirections = { parameter: 'sort', code: 'direction', detail: 'must have one direction for all fields' };

function slugTaken(): Problem {
  return new Problem('already_exists', {
    detail: 'Another organization has this slug. Choose a different one.',
    errors: [{ pointer: '/slug', code: 'taken', detail: 'is taken' }],
  });
}

function merged(organization: Organization, patch: OrganizationPatch): OrganizationFields {
  const { name = organization.name, slug = organization.slug, metadata: change = {} } = patch;
  const metadata = mergePatch(organization.metadata, change);
  const faults = rules.metadata().faults(metadata);
  if (faults.length > 0) {
    throw validationProblem(faults.map(({ code, detail }) => ({ pointer: '/metadata', code, detail })));
  }
  return { name, slug, metadata };
}

/** Metadata is the client's own and may hold anything: the log tells only that it changed. */
function differences(from: OrganizationFields, to: OrganizationFields): Record<string, Change> {
  return {
    ...(from.name !== to.name && { name: { from: from.name, to: to.name } }),
    ...(from.slug !== to.slug && { slug: { from: from.slug, to: to.slug } }),
    ...(!isDeepStrictEqual(from.metadata, to.metadata) && { metadata: { changed: true } }),
  };
}
