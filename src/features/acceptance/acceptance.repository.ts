import { Injectable } from '@nestjs/common';
import type { RoleDefinition } from '../../core/access/index.ts';
import type { RequestInfo } from '../../core/context/context.ts';
import { Database, sql } from '../../core/database/index.ts';
import { List, type Rows, type Selection, timeKey } from '../../core/lists/index.ts';
import type { InvitationStatus, NamedInvitation } from '../invitations/index.ts';

/** What a token stands for. */
export interface FoundInvitation {
  readonly id: string;
  readonly organizationId: string;
  readonly organizationName: string;
  readonly organizationSlug: string;
  readonly email: string;
  readonly emailKey: string;
  /** As it is at this moment. */
  readonly status: InvitationStatus;
  readonly roles: readonly string[];
  readonly inviterName: string;
  /** It is to the address of the person of the scope. */
  readonly isOwn: boolean;
  /** Whoever has the token may become a user by it: it was mailed, which proves the address, and that has no user yet. */
  readonly makesUser: boolean;
  readonly expiresAt: Date;
}

/** What somebody is or was invited to, by the address that is theirs now. */
export interface OwnInvitation extends Pick<
  FoundInvitation,
  'id' | 'organizationId' | 'organizationName' | 'organizationSlug' | 'email' | 'roles' | 'inviterName' | 'expiresAt'
> {
  readonly message: string | null;
  readonly version: number;
  readonly createdAt: Date;
}

/** An invitation that is kept as it is until the transaction ends. */
export interface HeldInvitation {
  readonly status: InvitationStatus;
  readonly isOrganizationSuspended: boolean;
}

/** Roles that an invitation promises in one place. */
export interface Promised {
  readonly roleIds: readonly string[];
  /** Sorted by key. */
  readonly roles: readonly RoleDefinition[];
  /** What whoever has invited holds there, now. */
  readonly held: readonly RoleDefinition[];
}

/** What an invitation promises that is there to be had. */
export interface Promises {
  readonly membership: Promised;
  readonly teams: readonly (Promised & { readonly teamId: string })[];
  /** The person of the scope is a member already, however they became one. */
  readonly isMember: boolean;
}

/** In a team that was promised. */
export interface JoinedTeam {
  /** Of the membership. */
  readonly id: string;
  readonly teamId: string;
  /** Its key. */
  readonly role: string;
}

/** Those of one person are few, and come from a function that no index serves. */
const own = new List<OwnInvitation>({
  with: sql`own as materialized (select * from app.own_invitations() where status = 'pending')`,
  from: sql`own`,
  columns: sql`
    id, version, organization_id as "organizationId", organization_name as "organizationName",
    organization_slug as "organizationSlug", email, roles, inviter_name as "inviterName", message,
    created_at as "createdAt", expires_at as "expiresAt"`,
  keys: { created_at: timeKey(sql`created_at`) },
});

/** Invitations as those see and take them who are invited: by the gate's functions, and in the organisation that they join. */
@Injectable()
export class AcceptanceRepository {
  constructor(private readonly database: Database) {}

  /** @returns undefined for a token that is unknown, and where the organisation has gone */
  async find({ organizationId, hash }: NamedInvitation): Promise<FoundInvitation | undefined> {
    const [found] = await this.database.query<FoundInvitation>(sql`
      select id, organization_id as "organizationId", organization_name as "organizationName",
          organization_slug as "organizationSlug", email, email_key as "emailKey", status, roles, inviter_name as "inviterName",
          exists (select from users u where u.id = app.user_id() and u.email_key = f.email_key) as "isOwn",
          mailed and not app.invitee_is_known(${organizationId}::uuid, ${hash}) as "makesUser", expires_at as "expiresAt"
        from app.find_invitation(${organizationId}::uuid, ${hash}) f`);
    return found;
  }

  /** @returns a page of those to the person of the scope that are pending */
  async listOwn(selection: Selection): Promise<Rows<OwnInvitation>> {
    return own.read(this.database, selection);
  }

  /** @returns one of those of the person of the scope, whatever has become of it */
  async findOwn(id: string): Promise<Pick<OwnInvitation, 'organizationId' | 'version'> | undefined> {
    const [found] = await this.database.query<Pick<OwnInvitation, 'organizationId' | 'version'>>(sql`
      select organization_id as "organizationId", version from app.own_invitations() where id = ${id}::uuid`);
    return found;
  }

  /**
   * Locks the organisation, and then the invitation.
   * @param hash of the token, where there is one: another may have taken its place
   * @returns undefined where the invitation is not there any more for the person of the scope
   */
  async hold(organizationId: string, id: string, hash: Buffer | undefined): Promise<HeldInvitation | undefined> {
    const [held] = await this.database.query<HeldInvitation>(sql`
      select status, organization_suspended as "isOrganizationSuspended"
        from app.hold_invitation(${organizationId}::uuid, ${id}::uuid, ${hash ?? null}::bytea)`);
    return held;
  }

  /**
   * @param sessionId that it is declined from, if any
   * @returns what the invitation was before: declined is one that was pending; null where there is none
   */
  async decline(
    { organizationId, hash }: NamedInvitation,
    { id, ipAddress, userAgent }: RequestInfo,
    sessionId: string | null,
  ): Promise<InvitationStatus | null> {
    const { status } = await this.database.one<{ status: InvitationStatus | null }>(sql`
      select 
        app.decline_invitation(${organizationId}::uuid, ${hash}, ${ipAddress}::inet, ${userAgent}, ${id}, ${sessionId}::uuid) as status`);
    return status;
  }

  async promises(id: string): Promise<Promises> {
    const places = await this.database.query<Promised & { teamId: string | null; isMember: boolean }>(sql`
      select team_id as "teamId", role_ids as "roleIds", promised as roles, held,
          exists (select from members where user_id = app.user_id() and status <> 'removed') as "isMember"
        from app.promises_of_invitation(${id}::uuid) order by team_id nulls first`);
    const [membership] = places;
    if (!membership) throw new Error('an invitation promises something');
    const teams = places.flatMap(({ teamId, ...promised }) => (teamId === null ? [] : { ...promised, teamId }));
    return { membership, teams, isMember: membership.isMember };
  }

  /** Makes the person of the scope a member, by the invitation, which that ends. */
  async accept(id: string, memberId: string, roleIds: readonly string[]): Promise<void> {
    await this.database.one(sql`
      with member as (
        insert into members (id, user_id) values (${memberId}::uuid, app.user_id()) returning id
      ), given as (
        insert into member_roles (member_id, role_id) select id, unnest(${roleIds}::uuid[]) from member
      )
      update invitations set status = 'accepted', member_id = (select id from member) where id = ${id}::uuid returning id`);
  }

  /** Puts whoever has accepted into the teams that were promised and are there, also into those that they did not see before. */
  async joinTeams(id: string): Promise<JoinedTeam[]> {
    return this.database.query<JoinedTeam>(
      sql`select id, team_id as "teamId", role from app.join_promised_teams(${id}::uuid)`,
    );
  }
}
