import { v7 as uuid } from 'uuid';
import { tokenHash } from '../../src/core/crypto/index.ts';
import { invitationToken } from '../../src/features/invitations/invitation-token.ts';
import type { Organization } from './actors.ts';
import type { TestDatabase } from './database.ts';

/** Somebody who is asked in. */
export interface Invited {
  readonly id: string;
  readonly email: string;
  readonly token: string;
}

export interface InvitationTerms {
  /** In small letters; of nobody, unless given. */
  readonly email?: string;
  readonly roles?: readonly string[];
  /** Of the inviter; the organisation's owner, unless given. */
  readonly memberId?: string;
  readonly mailed?: boolean;
  /** Keys of team roles, by the ids of the teams. */
  readonly teams?: Readonly<Record<string, string>>;
}

/** Makes rows as an invitation leaves them, without going through it. */
export async function invite(
  database: TestDatabase,
  { id: organizationId, owner }: Organization,
  { email, roles = ['member'], memberId, mailed = true, teams = {} }: InvitationTerms = {},
): Promise<Invited> {
  const id = uuid();
  const address = email ?? `${id}@example.com`;
  const token = invitationToken(organizationId);
  await database.query(
    `with i as (
       insert into invitations (organization_id, id, email, email_key, inviter_id, token_hash, mailed)
         select organization_id, $2, $3, $3, id, $4, $5 from members
           where organization_id = $1 and case when $6::uuid is null then user_id = $7 else id = $6 end
         returning organization_id, id
     )
     insert into invitation_roles (organization_id, invitation_id, role_id)
       select i.organization_id, i.id, r.id from i join roles r on r.organization_id = i.organization_id and r.scope = 'organization'
         where r.key = any ($8)`,
    [organizationId, id, address, tokenHash(token), mailed, memberId ?? null, owner.userId, roles],
  );
  await database.query(
    `insert into invitation_teams (organization_id, invitation_id, team_id, role_id)
       select $1, $2, t.key::uuid, r.id from json_each_text($3) t
         join roles r on r.organization_id = $1 and r.scope = 'team' and r.key = t.value`,
    [organizationId, id, JSON.stringify(teams)],
  );
  return { id, email: address, token };
}
