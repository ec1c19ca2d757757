import { Injectable } from '@nestjs/common';
import { Grants, OrganizationLock } from '../../core/access/index.ts';
import { Audit } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, Problem } from '../../core/http/index.ts';
import { type Team, TeamsRepository } from './teams.repository.ts';

/** How a deleted team comes back. */
@Injectable()
export class RestorationsService {
  constructor(
    private readonly database: Database,
    private readonly repository: TeamsRepository,
    private readonly organization: OrganizationLock,
    private readonly grants: Grants,
    private readonly audit: Audit,
  ) {}

  /** The entry has found it, deleted or not; and nothing is compared. */
  versionOf(): Promise<number> {
    return Promise.resolve(0);
  }

  /**
   * Where it stood, with its members, and without the teams that were beneath it.
   * @throws Problem conflict where it is not deleted; grant_exceeds_own where somebody would hold more on it than the caller
   */
  async restore(id: string): Promise<Team> {
    return this.database.transaction(async () => {
      await this.organization.take();
      if (!(await this.repository.restore(id))) {
        throw new Problem('conflict', { detail: 'The team is not deleted.' });
      }
      const team = existing(await this.repository.find(id));
      await this.grants.verify(await this.repository.rolesHeldOn(team.path), id);
      this.audit.record({ action: 'team.restored', target: { type: 'team', id }, teamId: id });
      return team;
    });
  }
}
