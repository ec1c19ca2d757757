import { Injectable } from '@nestjs/common';
import { existing } from '../../core/http/index.ts';
import type { Rows } from '../../core/lists/index.ts';
import type { Member } from './member.ts';
import { type MembersFilter, MembersRepository } from './members.repository.ts';

@Injectable()
export class MembersService {
  constructor(private readonly repository: MembersRepository) {}

  async list(filter: MembersFilter): Promise<Rows<Member>> {
    return this.repository.list(filter);
  }

  /**
   * @param id or `me`
   * @returns the member, also one who has left
   * @throws Problem not_found
   */
  async find(id: string): Promise<Member> {
    return existing(await this.repository.find(id));
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.find(id))?.version;
  }
}
