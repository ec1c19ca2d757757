import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Audit, type Change } from '../../core/audit/index.ts';
import { Database } from '../../core/database/index.ts';
import { existing, type Precondition } from '../../core/http/index.ts';
import { type Preferences, type PreferencesFields, PreferencesRepository } from './preferences.repository.ts';

/** Each member has their own, and reads and sets no others. */
@Injectable()
export class PreferencesService {
  constructor(
    private readonly database: Database,
    private readonly repository: PreferencesRepository,
    private readonly audit: Audit,
  ) {}

  /** @throws Problem not_found where the membership has ended this moment */
  async find(): Promise<Preferences> {
    return existing(await this.repository.find());
  }

  async versionOf(): Promise<number | undefined> {
    return (await this.repository.find())?.version;
  }

  /** @throws Problem not_found, precondition_failed */
  async replace(next: PreferencesFields, precondition: Precondition): Promise<Preferences> {
    return this.database.transaction(async () => {
      await this.repository.lock();
      const preferences = await this.find();
      precondition.verify(preferences.version);
      const changes = differences(preferences, next);
      if (Object.keys(changes).length === 0) return preferences;
      const { memberId } = preferences;
      this.audit.record({ action: 'preferences.updated', target: { type: 'member', id: memberId }, changes });
      return this.repository.replace(memberId, next);
    });
  }
}

/** What they are is nobody else's to know. */
function differences(from: PreferencesFields, to: PreferencesFields): Record<string, Change> {
  return {
    ...(!isDeepStrictEqual(from.teamOrder, to.teamOrder) && { team_order: { changed: true } }),
    ...(!isDeepStrictEqual(from.sidebar, to.sidebar) && { sidebar_preferences: { changed: true } }),
  };
}
