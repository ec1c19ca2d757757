import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit, type AuditEvent, type Change } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type FieldError, type Precondition, Problem, validationProblem } from '../../core/http/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import { slugFrom, withSuffix } from '../organizations/index.ts';
import {
  changedAbove,
  changedFields,
  differences,
  grantsOfMove,
  leftBehind,
  merged,
  MOST_LEVELS,
  type TeamChanges,
  uprooted,
} from './teams.policy.ts';
import { type Team, type TeamFields, type TeamsFilter, TeamsRepository } from './teams.repository.ts';

/** 27^5 endings: a second clash in a row is a sign that something else is wrong. */
const SLUG_ATTEMPTS = 3;

/** A team's slug is made from its name when there is none. */
export interface TeamDraft extends Omit<TeamFields, 'slug'> {
  readonly slug?: string | undefined;
}

/** How teams are made, found, changed, moved and deleted. Of two who move or make teams at once, one waits for the other. */
@Injectable()
export class TeamsService {
  constructor(
    private readonly database: Database,
    private readonly repository: TeamsRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
  ) {}

  /**
   * @throws Problem validation_failed for a parent that the caller does not see, or beneath which there is no level left;
   * permission_denied where they would not see the team; already_exists when the slug that was asked for is taken
   */
  async create(draft: TeamDraft): Promise<Team> {
    return this.database.transaction(async () => {
      await this.organization.take();
      const parent = await this.#parent(draft.parentTeamId);
      verifyLevel(parent, 1);
      // What is open is seen by whoever sees where it stands.
      if (draft.visibility === 'private' && !(await this.repository.seesPrivateBeneath(draft.parentTeamId)))
        throw outOfSight();
      const team = await this.#insert(draft);
      this.#record('team.created', team.id, differences(null, team));
      return team;
    });
  }

  async #insert({ slug, ...draft }: TeamDraft): Promise<Team> {
    const insert = (candidate: string) => this.repository.insert(uuid(), { ...draft, slug: candidate });
    if (slug !== undefined) return unlessTaken(await insert(slug));
    const made = slugFrom(draft.name) || withSuffix('team');
    for (let attempt = 0; attempt < SLUG_ATTEMPTS; attempt += 1) {
      const team = await insert(attempt === 0 ? made : withSuffix(made));
      if (team) return team;
    }
    throw slugTaken();
  }

  async list(filter: TeamsFilter): Promise<Rows<Team>> {
    return this.repository.list(filter);
  }

  /** @throws Problem not_found */
  async find(id: string): Promise<Team> {
    return existing(await this.repository.find(id));
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.find(id))?.version;
  }

  /**
   * @throws Problem not_found, precondition_failed; validation_failed for a parent that the caller does not see, or beneath which there
   * are not levels enough left; grant_exceeds_own where it gives or takes more power over the team than they hold, or lets people into a
   * private one into which they may let nobody; permission_denied where they would lose sight of it; cycle; already_exists for a slug that is taken in the open
   */
  async update(id: string, changes: TeamChanges, precondition: Precondition): Promise<Team> {
    return this.database.transaction(async () => {
      const team = await this.#locked(id, precondition);
      const fields = merged(team, changes);
      const changed = changedFields(team, fields);
      if (changed.size === 0) return team;
      if (changed.has('parentTeamId')) await this.#verifyPlace(team, fields.parentTeamId);
      const steps = [() => this.#move(team, fields, changed), () => this.#rename(id, fields, changed)];
      // Slugs are compared in the open: what comes out is renamed before, and what goes in is moved before.
      for (const step of team.secluded ? steps.toReversed() : steps) await step();
      const updated = await this.#seen(id);
      this.#record(changed.has('parentTeamId') ? 'team.moved' : 'team.updated', id, differences(team, updated));
      return updated;
    });
  }

  async #verifyPlace(team: Team, parentTeamId: string | null): Promise<void> {
    const parent = await this.#parent(parentTeamId);
    if (parent?.path.includes(team.id)) throw new Problem('cycle');
    verifyLevel(parent, await this.repository.levelsFrom(team));
    const path = [...(parent?.path ?? []), team.id];
    const roleIds = await this.repository.rolesHeldOn(changedAbove(team.path, path));
    await this.grants.verifyAll(grantsOfMove(team, parent, roleIds));
  }

  async #rename(id: string, fields: TeamFields, changed: ReadonlySet<keyof TeamFields>): Promise<void> {
    if (!changed.has('name') && !changed.has('slug') && !changed.has('description')) return;
    if (!(await this.repository.update(id, fields))) throw outOfSight();
  }

  async #move(team: Team, fields: TeamFields, changed: ReadonlySet<keyof TeamFields>): Promise<void> {
    if (!changed.has('parentTeamId') && !changed.has('visibility')) return;
    if (team.secluded) await this.#emerge(team, fields, changed.has('visibility') ? '/visibility' : '/parent_team_id');
    const stayed = await this.repository.move(team.id, fields);
    this.audit.recordAll(stayed.map((hidden) => eventOf('team.moved', hidden.id, leftBehind(hidden))));
  }

  /** What is deleted gives way to who has its slug in the open; what is there does not. @param pointer to what brings it there */
  async #emerge(team: Team, fields: TeamFields, pointer: string): Promise<void> {
    const emerged = await this.repository.emerge(team.id, fields);
    const taken = emerged.find(({ newSlug }) => newSlug === null);
    if (taken) throw slugTakenBeneath(await this.find(taken.id), pointer);
    this.audit.recordAll(
      emerged.map(({ id, oldSlug, newSlug }) => eventOf('team.updated', id, { slug: { from: oldSlug, to: newSlug } })),
    );
  }

  /**
   * It keeps its place for whoever brings it back within 30 days; what is beneath it moves up.
   * @throws Problem not_found, precondition_failed, grant_exceeds_own where somebody holds more on it than the caller
   */
  async delete(id: string, precondition: Precondition): Promise<void> {
    await this.database.transaction(async () => {
      const team = await this.#locked(id, precondition);
      await this.grants.verify(await this.repository.rolesHeldOn([id]), id);
      const moved = await this.repository.delete(id);
      this.#record('team.deleted', team.id);
      this.audit.recordAll(moved.map((child) => eventOf('team.moved', child.id, uprooted(team, child))));
    });
  }

  async #locked(id: string, precondition: Precondition): Promise<Team> {
    await this.organization.take();
    const team = await this.find(id);
    precondition.verify(team.version);
    return team;
  }

  async #parent(id: string | null): Promise<Team | undefined> {
    if (id === null) return undefined;
    const parent = await this.repository.find(id);
    if (!parent) throw placeProblem('unknown', 'is no team of this organization');
    return parent;
  }

  /** Nobody puts a team where they don't see it any more. */
  async #seen(id: string): Promise<Team> {
    const team = await this.repository.find(id);
    if (!team) throw outOfSight();
    return team;
  }

  #record(action: string, id: string, changes?: Record<string, Change>): void {
    this.audit.record(eventOf(action, id, changes));
  }
}

function eventOf(action: string, id: string, changes: Record<string, Change> = {}): AuditEvent {
  return { action, target: { type: 'team', id }, teamId: id, changes };
}

function outOfSight(): Problem {
  return new Problem('permission_denied', { members: { required: 'teams:read_private' } });
}

function verifyLevel(parent: Team | undefined, levels: number): void {
  if ((parent?.path.length ?? 0) + levels > MOST_LEVELS) {
    throw placeProblem('too_deep', `leaves no room: teams stand at most ${MOST_LEVELS} levels deep`);
  }
}

function placeProblem(code: FieldError['code'], detail: string): Problem {
  return validationProblem([{ pointer: '/parent_team_id', code, detail }]);
}

function unlessTaken(team: Team | undefined): Team {
  if (!team) throw slugTaken();
  return team;
}

function slugTaken(): Problem {
  return new Problem('already_exists', {
    detail: 'Another team has this slug. Choose a different one.',
    errors: [{ pointer: '/slug', code: 'taken', detail: 'is taken' }],
  });
}

function slugTakenBeneath({ name, slug }: Team, pointer: string): Problem {
  return new Problem('already_exists', {
    detail: `"${name}" beneath it has the slug "${slug}", which is taken where it comes into the open. Give that team another one first.`,
    errors: [{ pointer, code: 'taken', detail: 'brings a slug into the open that is taken there' }],
  });
}
