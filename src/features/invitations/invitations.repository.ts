import { Injectable } from '@nestjs/common';
import type { Grant } from '../../core/access/index.ts';
import { Database, join, sql, type Sql } from '../../core/database/index.ts';
import { contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';
import { type InvitableAddress, MOST_OF_ADDRESS } from './addresses.ts';
import type { InvitationStatus } from './invitation-status.ts';

/** In the organisation of the scope. */
export interface Invitation {
  readonly id: string;
  readonly organizationId: string;
  /** null: of a deleted account. */
  readonly email: string | null;
  /** As it is at this moment. */
  readonly status: InvitationStatus;
  readonly inviterId: string;
  readonly inviterName: string;
  readonly message: string | null;
  /** Keys, sorted. */
  readonly roles: readonly string[];
  /** Those that the caller sees, and that are there still. */
  readonly teams: readonly InvitedTeam[];
  /** For how many days each of its tokens is good. */
  readonly days: number;
  /** The member that it has made. */
  readonly memberId: string | null;
  /** Counted by the database at every update. */
  readonly version: number;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface InvitedTeam {
  readonly teamId: string;
  /** The key of a team role. */
  readonly role: string;
}

/** What of all that is asked for there is, for the caller. */
export interface Promisable {
  /** By their keys. */
  readonly roleIds: ReadonlyMap<string, string>;
  readonly teamRoleIds: ReadonlyMap<string, string>;
  readonly teamIds: ReadonlySet<string>;
}

/** A row to be. */
export interface InvitationFields {
  readonly id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly message: string | null;
  readonly days: number;
  readonly isMailed: boolean;
  readonly tokenHash: Buffer;
  readonly grants: readonly Grant[];
}

/** All but what it promises. */
type InvitationRow = Omit<Invitation, 'roles' | 'teams'>;

export interface InvitationsFilter {
  readonly q?: string | undefined;
  readonly statuses?: readonly InvitationStatus[] | undefined;
  readonly selection: Selection;
}

/** In a day, of one invitation; the database keeps to it, too. */
export const MOST_RESENDS = 5;

/** Of invitations called `i`, or of a page of them, and of their inviters called `inviter`. */
const columnsOf = (i: Sql): Sql => sql`
  ${i}.id, ${i}.organization_id as "organizationId", ${i}.email, app.invitation_status(${i}.status, ${i}.expires_at) as status,
  ${i}.inviter_id as "inviterId", inviter.name as "inviterName", ${i}.message, ${i}.valid_days as days,
  ${i}.member_id as "memberId", ${i}.version, ${i}.expires_at as "expiresAt", ${i}.created_at as "createdAt",
  ${i}.updated_at as "updatedAt",
  array(
    select r.key from invitation_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where h.organization_id = ${i}.organization_id and h.invitation_id = ${i}.id order by r.key
  ) as roles,
  array(
    select jsonb_build_object('teamId', h.team_id, 'role', r.key)
      from invitation_teams h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
      where h.organization_id = ${i}.organization_id and h.invitation_id = ${i}.id order by h.team_id
  ) as teams`;

const inviterOf = (i: Sql): Sql =>
  sql`join members inviter on inviter.organization_id = ${i}.organization_id and inviter.id = ${i}.inviter_id`;

const invitation = sql`select ${columnsOf(sql`i`)} from invitations i ${inviterOf(sql`i`)}`;

const invitations = new List<Invitation>({
  // All but the hash of the token, which the server may not read.
  from: sql`(
    select organization_id, id, email, email_key, status, inviter_id, message, valid_days, expires_at, member_id, version, created_at,
        updated_at
      from invitations
  ) as visible`,
  join: inviterOf(sql`page`),
  columns: columnsOf(sql`page`),
  keys: { created_at: timeKey(sql`created_at`), email: textKey(sql`email_key`) },
});

@Injectable()
export class InvitationsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Invitation | undefined> {
    const [found] = await this.database.query<Invitation>(sql`${invitation} where i.id = ${id}::uuid`);
    return found;
  }

  async list({ q, statuses, selection }: InvitationsFilter): Promise<Rows<Invitation>> {
    return invitations.read(this.database, selection, [
      contains([sql`email_key`], q),
      statuses &&
        sql`(${join(
          statuses.map((status) => NOW[status]),
          ' or ',
        )})`,
    ]);
  }

  /** @returns the one into which they invite */
  async organization(): Promise<{ readonly id: string; readonly name: string }> {
    return this.database.one(sql`select id, name from organizations`);
  }

  /** @returns what there is of the roles and teams that are asked for */
  async promisable(
    asked: readonly { readonly roles: readonly string[]; readonly teams: readonly InvitedTeam[] }[],
  ): Promise<Promisable> {
    const [roles, teams] = [asked.flatMap((one) => one.roles), asked.flatMap((one) => one.teams)];
    const found = await this.database.query<{ kind: 'organization' | 'team' | 'place'; key: string; id: string }>(sql`
      select scope as kind, key, id from roles
        where scope = 'organization' and key = any (${roles}::text[])
          or scope = 'team' and key = any (${teams.map(({ role }) => role)}::text[])
      union all
      select 'place', '', id from teams where id = any (${teams.map(({ teamId }) => teamId)}::uuid[])`);
    const of = (wanted: string) => found.filter(({ kind }) => kind === wanted);
    return {
      roleIds: new Map(of('organization').map(({ key, id }) => [key, id])),
      teamRoleIds: new Map(of('team').map(({ key, id }) => [key, id])),
      teamIds: new Set(of('place').map(({ id }) => id)),
    };
  }

  /** @returns false where another batch of the organisation is at work; else none begins until the transaction ends */
  async beginBatch(): Promise<boolean> {
    const { begun } = await this.database.one<{ begun: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended('invitations/batch ' || app.organization_id(), 0)) as begun`,
    );
    return begun;
  }

  /** Writes down that those have expired whose time is over: they are in nobody's way. */
  async expire(emailKeys: readonly string[]): Promise<void> {
    await this.database.query(sql`
      update invitations set status = 'expired'
        where email_key = any (${emailKeys}::text[]) and status = 'pending' and expires_at <= now()`);
  }

  /** @returns by address */
  async addressStates(emailKeys: readonly string[]): Promise<ReadonlyMap<string, InvitableAddress>> {
    const states = await this.database.query<InvitableAddress & { emailKey: string }>(sql`
      select a.key as "emailKey",
          exists (select from app.members_of_addresses(${emailKeys}::text[]) m where m.email_key = a.key) as "isMember",
          exists (select from invitations i where i.email_key = a.key collate pg_c_utf8 and i.status = 'pending') as "isInvited",
          coalesce((
            select ceil(extract(epoch from min(i.created_at) + interval '1 day' - now()))::int from invitations i
              where i.email_key = a.key collate pg_c_utf8 and i.created_at > now() - interval '1 day'
              having count(*) >= ${MOST_OF_ADDRESS}
          ), 0) as "retryAfter"
        from unnest(${emailKeys}::text[]) as a (key)`);
    return new Map(states.map(({ emailKey, ...state }) => [emailKey, state]));
  }

  /** Makes invitations of the caller's. @returns them by their id, without what was asked for */
  async insert(drafts: readonly InvitationFields[]): Promise<ReadonlyMap<string, InvitationRow>> {
    const made = await this.database.query<InvitationRow>(sql`
      with draft as materialized (
        select * from jsonb_to_recordset(${JSON.stringify(drafts.map(toRow))}::jsonb) as d (
          id uuid, email text, "emailKey" text, message text, days int, "isMailed" boolean, "tokenHash" text, grants jsonb
        )
      ), made as (
        insert into invitations (id, email, email_key, inviter_id, message, valid_days, mailed, token_hash)
          select d.id, d.email, d."emailKey", m.id, d.message, d.days, d."isMailed", decode(d."tokenHash", 'hex')
            from draft d, members m where m.user_id = app.user_id() and m.status = 'active'
          returning id, organization_id, email, status, inviter_id, message, valid_days, member_id, version, expires_at, created_at,
            updated_at
      ), promised as materialized (
        select d.id as invitation_id, g."roleId" as role_id, g."teamId" as team_id
          from draft d, jsonb_to_recordset(d.grants) as g ("roleId" uuid, "teamId" uuid)
      ), roles_given as (
        insert into invitation_roles (invitation_id, role_id) select invitation_id, role_id from promised where team_id is null
      ), teams_given as (
        insert into invitation_teams (invitation_id, team_id, role_id)
          select invitation_id, team_id, role_id from promised where team_id is not null
      )
      select made.id, made.organization_id as "organizationId", made.email, made.status, made.inviter_id as "inviterId",
          inviter.name as "inviterName", made.message, made.valid_days as days, made.member_id as "memberId", made.version,
          made.expires_at as "expiresAt", made.created_at as "createdAt", made.updated_at as "updatedAt"
        from made ${inviterOf(sql`made`)}`);
    return new Map(made.map((row) => [row.id, row]));
  }

  /** @returns seconds until it may be sent again; 0: now */
  async resendsAfter(id: string): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(sql`
      select coalesce((
          select ceil(extract(epoch from min(t) + interval '1 day' - now()))::int from unnest(resent_at) t
            where t > now() - interval '1 day' having count(*) >= ${MOST_RESENDS}
        ), 0) as "retryAfter"
        from invitations where id = ${id}::uuid`);
    return retryAfter;
  }

  /**
   * Gives it another token, which is mailed, and its time anew, as an invitation of the caller's to these teams alone. The token
   * before is good for nothing.
   */
  async renew(id: string, tokenHash: Buffer, teamIds: readonly string[]): Promise<void> {
    await this.database.one(sql`
      update invitations i set token_hash = ${tokenHash}, mailed = true, inviter_id = m.id
        from members m where i.id = ${id}::uuid and m.user_id = app.user_id() and m.status = 'active'
        returning app.narrow_invitation(i.id, ${teamIds}::uuid[])`);
  }

  async revoke(id: string): Promise<void> {
    await this.database.one(sql`update invitations set status = 'revoked' where id = ${id}::uuid returning id`);
  }
}

/** By columns, so that the index finds them. */
const NOW: Readonly<Record<InvitationStatus, Sql>> = {
  pending: sql`status = 'pending' and expires_at > now()`,
  accepted: sql`status = 'accepted'`,
  declined: sql`status = 'declined'`,
  revoked: sql`status = 'revoked'`,
  expired: sql`(status = 'expired' or status = 'pending' and expires_at <= now())`,
};

function toRow({ tokenHash, ...fields }: InvitationFields): object {
  return { ...fields, tokenHash: tokenHash.toString('hex') };
}
