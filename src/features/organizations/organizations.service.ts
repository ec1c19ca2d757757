import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Grants, OrganizationLock, systemRoleIds } from '../../core/access/index.ts';
import { Audit, type Change } from '../../core/audit/index.ts';
import { currentContext } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type Precondition, Problem, rules, validationProblem } from '../../core/http/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import { type JsonObject, mergePatch } from './merge-patch.ts';
import {
  type Organization,
  type OrganizationFields,
  OrganizationsRepository,
  type OwnOrganization,
  type OwnOrganizationsFilter,
} from './organizations.repository.ts';
import { slugOf, withSuffix } from './slug.policy.ts';

/** 27^5 endings: a second clash in a row is a sign that something else is wrong. */
const SLUG_ATTEMPTS = 3;

/** What a founder says of an organisation; its slug is made from its name when there is none. */
export interface OrganizationDraft {
  readonly name: string;
  readonly slug?: string | undefined;
  readonly metadata: JsonObject;
}

/** What is left out stays; metadata is a merge patch (RFC 7396), and null leaves none. */
export interface OrganizationChanges {
  readonly name?: string | undefined;
  readonly slug?: string | undefined;
  readonly metadata?: JsonObject | null | undefined;
}

@Injectable()
export class OrganizationsService {
  constructor(
    private readonly database: Database,
    private readonly repository: OrganizationsRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
  ) {}

  /**
   * Makes an organisation whose owner is the caller.
   * @throws Problem already_exists when the slug that was asked for is taken
   */
  async create(draft: OrganizationDraft): Promise<Organization> {
    const { scope } = currentContext();
    if (!scope) throw new Error('an organisation is founded by somebody');
    const [id, memberId] = [uuid(), uuid()];
    return this.database.inScope(scope.joining(id, memberId), () =>
      this.database.transaction(async () => {
        await this.#insert(draft, memberId);
        const organization = existing(await this.repository.find());
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

  async #insert({ name, slug, metadata }: OrganizationDraft, memberId: string): Promise<void> {
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

  /** @returns a page of the caller's own */
  async list(filter: OwnOrganizationsFilter): Promise<Rows<OwnOrganization>> {
    return this.repository.list(filter);
  }

  /** @throws Problem not_found to whose membership has ended this moment */
  async find(): Promise<Organization> {
    return existing(await this.repository.find());
  }

  async versionOf(): Promise<number | undefined> {
    return (await this.repository.find())?.version;
  }

  /** @throws Problem precondition_failed, validation_failed for metadata that grew too large, already_exists for a taken slug */
  async update(changes: OrganizationChanges, precondition: Precondition): Promise<Organization> {
    return this.database.transaction(async () => {
      const organization = await this.#locked(precondition);
      const fields = merged(organization, changes);
      const changed = differences(organization, fields);
      if (Object.keys(changed).length === 0) return organization;
      const touched = await this.repository.update(organization.id, fields);
      this.#record('organization.updated', organization, changed);
      return { ...organization, ...fields, ...touched };
    });
  }

  /**
   * From then on it is there for nobody, until it is restored.
   * @throws Problem precondition_failed
   */
  async delete(precondition: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      const organization = await this.#locked(precondition);
      await this.repository.delete();
      this.#record('organization.deleted', organization);
    });
  }

  /**
   * Brings back what was deleted, as it was, and with it what everybody may do there, its owners too.
   * @throws Problem conflict where it is not deleted; grant_exceeds_own to who is no owner
   */
  async restore(): Promise<Organization> {
    return this.database.transaction(async () => {
      await this.organization.take();
      if (!(await this.repository.isDeleted()))
        throw new Problem('conflict', { detail: 'The organization is not deleted.' });
      await this.repository.restore();
      await this.grants.verify([systemRoleIds.owner]);
      const organization = await this.find();
      this.#record('organization.restored', organization);
      return organization;
    });
  }

  async #locked(precondition: Precondition): Promise<Organization> {
    await this.organization.take();
    const organization = await this.find();
    precondition.verify(organization.version);
    return organization;
  }

  #record(action: string, { id }: Organization, changes: Record<string, Change> = {}): void {
    this.audit.record({ action, target: { type: 'organization', id }, changes });
  }
}

function slugTaken(): Problem {
  return new Problem('already_exists', {
    detail: 'Another organization has this slug. Choose a different one.',
    errors: [{ pointer: '/slug', code: 'taken', detail: 'is taken' }],
  });
}

function merged(organization: Organization, changes: OrganizationChanges): OrganizationFields {
  const { name = organization.name, slug = organization.slug, metadata: patch = {} } = changes;
  const metadata = patch === null ? {} : mergePatch(organization.metadata, patch);
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
