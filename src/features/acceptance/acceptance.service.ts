import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { callerSessionId, currentContext, currentRequest } from '../../core/context/context.ts';
import { Database } from '../../core/database/index.ts';
import { Problem, validationProblem } from '../../core/http/index.ts';
import type { Rows, Selection } from '../../core/lists/index.ts';
import { NewPasswords, type SignInResult, SignUp } from '../auth/index.ts';
import { namedBy } from '../invitations/index.ts';
import { AcceptanceRepository, type FoundInvitation, type OwnInvitation } from './acceptance.repository.ts';
import { Joining, type NewMembership, refuseWhatIsOver } from './joining.service.ts';

/** A token, as whoever follows the link sends it. */
export interface FollowedInvitation {
  readonly token: string;
  /** Of a new user. */
  readonly name?: string | undefined;
  /** Of a new user. */
  readonly password?: string | undefined;
}

export interface Accepted {
  readonly membership: NewMembership;
  /** Of a new user, whom it has signed in. */
  readonly signedIn?: SignInResult;
}

/** What those can do who are invited, by the token that they were sent or as whom they are signed in. */
@Injectable()
export class AcceptanceService {
  constructor(
    private readonly database: Database,
    private readonly repository: AcceptanceRepository,
    private readonly joining: Joining,
    private readonly signUps: SignUp,
    private readonly passwords: NewPasswords,
  ) {}

  /**
   * Says what a token stands for, without spending it.
   * @throws Problem token_used for an unknown one, another 410 for one that is over
   */
  async lookUp(token: string): Promise<FoundInvitation> {
    const invitation = await this.#find(token);
    refuseWhatIsOver(invitation.status);
    return invitation;
  }

  /**
   * Makes the caller a member, or whoever has the mailbox of a new address: that makes them a user, and signs them in.
   * @throws Problem token_used, another 410 for an invitation that is over or void; invitation_not_yours; unauthenticated where it takes
   * a sign-in; organization_suspended, already_member, limit_reached; validation_failed for a new user without a name, or with a poor password
   */
  async accept(followed: FollowedInvitation): Promise<Accepted> {
    const invitation = await this.#find(followed.token);
    const isSignedIn = currentContext().scope?.userId !== null;
    return isSignedIn ? this.#acceptAsUser(invitation, followed) : this.#acceptAsNew(invitation, followed);
  }

  async #acceptAsUser(invitation: FoundInvitation, { token }: FollowedInvitation): Promise<Accepted> {
    if (!invitation.isOwn) throw new Problem('invitation_not_yours');
    refuseWhatIsOver(invitation.status);
    return { membership: await this.#join(invitation, token) };
  }

  async #acceptAsNew(invitation: FoundInvitation, followed: FollowedInvitation): Promise<Accepted> {
    refuseWhatIsOver(invitation.status);
    if (!invitation.makesUser) throw signInFirst();
    const { token, name, password } = followed;
    if (name === undefined || name.trim() === '') throw withoutName();
    const email = { address: invitation.email, key: invitation.emailKey };
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password, [email.key, name]);
    const id = uuid();
    return this.database.inTransactionOf(id, async () => {
      const signedIn = await this.signUps.complete({ id, email, name, passwordHash });
      if (!signedIn) throw signInFirst();
      const sessionId = 'sessionId' in signedIn ? signedIn.sessionId : null;
      return { membership: await this.#join(invitation, token, sessionId), signedIn };
    });
  }

  async #join(invitation: FoundInvitation, token: string, sessionId = callerSessionId()): Promise<NewMembership> {
    const membership = await this.joining.join(invitation, { hash: namedBy(token)?.hash, sessionId });
    if (!membership) throw new Problem('token_used');
    return membership;
  }

  /** @throws Problem token_used, another 410 for an invitation that is over */
  async decline(token: string): Promise<void> {
    const named = namedBy(token);
    const status = named ? await this.repository.decline(named, currentRequest(), callerSessionId()) : null;
    if (status === null) throw new Problem('token_used');
    refuseWhatIsOver(status);
  }

  async #find(token: string): Promise<FoundInvitation> {
    const named = namedBy(token);
    const found = named && (await this.repository.find(named));
    if (!found) throw new Problem('token_used');
    return found;
  }

  /** @returns a page of what the caller is invited to */
  async listOwn(selection: Selection): Promise<Rows<OwnInvitation>> {
    return this.repository.listOwn(selection);
  }

  async versionOf(id: string): Promise<number | undefined> {
    return (await this.repository.findOwn(id))?.version;
  }

  /**
   * Makes the caller a member by an invitation to the address that is theirs.
   * @throws Problem not_found, 410 for one that is over or void, organization_suspended, already_member, limit_reached
   */
  async acceptOwn(id: string): Promise<NewMembership> {
    return this.database.transaction(async () => {
      const found = await this.repository.findOwn(id);
      const membership =
        found &&
        (await this.joining.join({ id, organizationId: found.organizationId }, { sessionId: callerSessionId() }));
      if (!membership) throw new Problem('not_found');
      return membership;
    });
  }
}

/** The same where the address has a user and where the token proves no address: of the second, nothing is told. */
function signInFirst(): Problem {
  return new Problem('unauthenticated', {
    detail: 'Sign in with the address that was invited, then accept: by this link, or in the list of your invitations.',
  });
}

function withoutName(): Problem {
  return validationProblem([{ pointer: '/name', code: 'required', detail: 'must be given by who has no account' }]);
}
