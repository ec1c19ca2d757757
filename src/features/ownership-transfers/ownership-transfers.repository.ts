import { Injectable } from '@nestjs/common';
import { systemRoleIds } from '../../core/access/index.ts';
import { Database, sql, type Sql } from '../../core/database/index.ts';

export interface OwnershipTransfer {
  readonly id: string;
  readonly organizationId: string;
  /** Who ceases to be an owner when it is accepted. */
  readonly proposerId: string;
  /** Who becomes one. */
  readonly receiverId: string;
  /** The key of the role that the proposer holds from then on. */
  readonly keepRole: string;
  readonly status: 'pending' | 'accepted' | 'cancelled';
  readonly createdAt: Date;
}

export type NewTransfer = Pick<OwnershipTransfer, 'proposerId' | 'receiverId' | 'keepRole'>;

/** Somebody on either side of a transfer, as they are now. */
export interface Party {
  readonly id: string;
  readonly email: string;
  readonly status: string;
  readonly roles: readonly string[];
}

const columns = sql`
  id, organization_id as "organizationId", proposer_id as "proposerId", receiver_id as "receiverId", keep_role as "keepRole",
  status, created_at as "createdAt"`;

/** Of the organisation of the scope. */
@Injectable()
export class OwnershipTransfersRepository {
  constructor(private readonly database: Database) {}

  async insert({ proposerId, receiverId, keepRole }: NewTransfer): Promise<OwnershipTransfer> {
    return this.database.one<OwnershipTransfer>(sql`
      insert into ownership_transfers (proposer_id, receiver_id, keep_role)
        values (${proposerId}::uuid, ${receiverId}::uuid, ${keepRole}) returning ${columns}`);
  }

  async find(id: string): Promise<OwnershipTransfer | undefined> {
    const [transfer] = await this.database.query<OwnershipTransfer>(
      sql`select ${columns} from ownership_transfers where id = ${id}::uuid`,
    );
    return transfer;
  }

  async findPending(): Promise<OwnershipTransfer | undefined> {
    const [transfer] = await this.database.query<OwnershipTransfer>(
      sql`select ${columns} from ownership_transfers where status = 'pending'`,
    );
    return transfer;
  }

  /** @returns one that the caller has been offered, and nobody has taken back */
  async findOffered(id: string): Promise<OwnershipTransfer | undefined> {
    const [transfer] = await this.database.query<OwnershipTransfer>(sql`
      select ${columns} from ownership_transfers
        where id = ${id}::uuid and status <> 'cancelled'
          and receiver_id = (select id from members where user_id = app.user_id() and status <> 'removed')`);
    return transfer;
  }

  async findParty(id: string): Promise<Party | undefined> {
    return this.#party(sql`m.id = ${id}::uuid`);
  }

  /** @returns undefined also of who is suspended, as a member or with their account */
  async findReceiver(id: string): Promise<Party | undefined> {
    return this.#party(sql`m.id = ${id}::uuid and m.status = 'active' and app.hold_account(m.id)`);
  }

  async findCaller(): Promise<Party | undefined> {
    return this.#party(sql`m.user_id = app.user_id()`);
  }

  async #party(isParty: Sql): Promise<Party | undefined> {
    const [party] = await this.database.query<Party>(sql`
      select m.id, m.email, m.status,
        array(
          select r.key from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
            where h.organization_id = m.organization_id and h.member_id = m.id order by r.key
        ) as roles
        from members m where ${isParty} and m.status <> 'removed'`);
    return party;
  }

  async hasRole(key: string): Promise<boolean> {
    const rows = await this.database.query(sql`select id from roles where scope = 'organization' and key = ${key}`);
    return rows.length === 1;
  }

  /** @returns false where it is over: the operator, who takes no lock of an organisation, may have cancelled it this moment */
  async end(id: string, status: 'accepted' | 'cancelled'): Promise<boolean> {
    const ended = await this.database.query(
      sql`update ownership_transfers set status = ${status} where id = ${id}::uuid and status = 'pending' returning id`,
    );
    return ended.length === 1;
  }

  /**
   * The proposer's ownership becomes the receiver's; all else that either holds stays theirs. The transfer has to be over: one that
   * waits is cancelled when its proposer ceases to be an owner.
   */
  async moveOwnership({ proposerId, receiverId, keepRole }: NewTransfer): Promise<void> {
    await this.database.query(sql`
      with taken as (
        delete from member_roles where member_id = ${proposerId}::uuid and role_id = ${systemRoleIds.owner}::uuid
          returning role_id
      ), given as (
        insert into member_roles (member_id, role_id)
          select ${receiverId}::uuid, role_id from taken
          union all
          select ${proposerId}::uuid, id from roles where scope = 'organization' and key = ${keepRole}
          on conflict do nothing
      )
      update members set status = status where id in (${proposerId}::uuid, ${receiverId}::uuid)`);
  }
}
