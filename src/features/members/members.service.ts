import { Injectable } from '@nestjs/common';
import { Problem } from '../../core/http/index.ts';
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
    const member = await this.repository.find(id);
    if (!member) throw new Problem('not_found');
    return member;
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.find(id))?.version;
  }
}
