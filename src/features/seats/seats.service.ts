import { Injectable } from '@nestjs/common';
import { Problem } from '../../core/http/index.ts';
import { SeatsRepository, type Usage } from './seats.repository.ts';

/**
 * How many people an organisation has room for. Ask in the transaction that adds one, with the organisation's row locked and before
 * adding: of two who come for the last seat, the second one waits and then finds it taken.
 */
@Injectable()
export class Seats {
  constructor(private readonly repository: SeatsRepository) {}

  /**
   * Suspended members have a seat, and pending invitations where that is so set. An invitation that is being accepted has to be
   * so by then, or it would count beside the member that it becomes.
   * @throws Problem limit_reached where there is no room for one member more
   */
  async verifyMember(): Promise<void> {
    verify(await this.repository.ofMembers());
  }

  /** @throws Problem limit_reached where pending invitations have a seat each, and there is no room for one more */
  async verifyInvitation(): Promise<void> {
    const usage = await this.repository.ofMembers();
    if (usage.countsPending) verify(usage);
  }

  /**
   * @param id of any team of the organisation, also of one that the caller does not see
   * @throws Problem limit_reached where there is no room in it for one more
   */
  async verifyTeam(id: string): Promise<void> {
    verify(await this.repository.ofTeam(id));
  }
}

function verify({ limit, used }: Usage): void {
  if (limit !== null && used >= limit) throw new Problem('limit_reached', { members: { limit, used } });
}
