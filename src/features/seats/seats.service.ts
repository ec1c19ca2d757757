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
   * Suspended members have a seat. What is pending takes none from whoever comes: those who invited have asked for them, and of
   * a limit that was lowered since the first to come have what is free.
   * @throws Problem limit_reached where there is no room for one member more
   */
  async verifyMember(): Promise<void> {
    verify(await this.repository.ofMembers());
  }

  /** @throws Problem limit_reached where pending invitations have a seat each, and there is no room for one more */
  async verifyInvitation(): Promise<void> {
    (await this.forInvitations()).take();
  }

  /** @returns the room for several invitations, read once */
  async forInvitations(): Promise<Room> {
    return new Room(await this.repository.ofMembersAndInvited());
  }

  /**
   * @param ids of any teams of the organisation, also of such as the caller does not see
   * @throws Problem limit_reached where there is no room in one of them for one more
   */
  async verifyTeams(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) verify(await this.repository.ofFullest(ids));
  }
}

/** Seats that are taken one after the other. */
export class Room {
  #taken = 0;

  constructor(private readonly usage: Usage) {}

  /** @throws Problem limit_reached where none is left */
  take(): void {
    verify({ ...this.usage, used: this.usage.used + this.#taken });
    this.#taken += 1;
  }
}

function verify({ setting, limit, used }: Usage): void {
  if (limit !== null && used >= limit) throw new Problem('limit_reached', { members: { setting, limit, used } });
}
