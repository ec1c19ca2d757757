import { permissions as catalogue } from '../../src/core/access/permissions.ts';
import { accessOf, explained, previewOf } from './reading.ts';
import type { Call, InvitationTerms, Kind } from './calls.ts';
import {
  deleteTeam,
  endMembership,
  endOffers,
  levelsFrom,
  MOST_LEVELS,
  moveOwnership,
  moveTeam,
  replaceRole,
} from './changes.ts';
import {
  effective,
  holders,
  isInUse,
  isKept,
  isOwner,
  memberOf,
  OWNER,
  placeName,
  roleBy,
  type RoleScope,
  type RoleState,
  type State,
  union,
  type Where,
} from './state.ts';
import { done, judged, refuse, type Verdict } from './verdict.ts';

/** Somebody's power over something: what is given, taken or touched, and where that counts. */
interface Touched {
  readonly permissions: Iterable<string>;
  readonly where: Where;
  /** Ownership is given, taken or touched, which is more than its permissions. */
  readonly isOwnership?: boolean;
}

const OVER = { accepted: 'invitation_used', revoked: 'invitation_revoked' } as const;
const RESERVED = new Set(['owner', 'admin', 'member', 'viewer']);
const OF_TEAMS = new Set(Object.entries(catalogue).flatMap(([key, { scope }]) => (scope === 'team' ? [key] : [])));

/**
 * The contract's sections 3 to 5, said once more with plain sets and nothing of the server's: who may do what, what each call is
 * answered, and what it changes. It knows of no private team, and of no two who call at once.
 */
export class Reference {
  constructor(readonly state: State) {}

  /** Changes nothing, until what it says is made so. */
  judge(call: Call): Verdict {
    const { answer, change } = judged(() => this.#ruled(call));
    if (!change) return { answer };
    const settle = (): void => {
      change();
      endOffers(this.state);
    };
    return { answer, change: settle };
  }

  #ruled<K extends Kind>(call: Call<K>): Verdict {
    return this.#rules[call.kind](call);
  }

  readonly #rules: { readonly [K in Kind]: (call: Call<K>) => Verdict } = {
    'organization.update': ({ by }) => {
      this.#enter(by, 'organization:update');
      return done(200);
    },

    'role.create': ({ by, as, key, scope, permissions }) => {
      const caller = this.#enter(by, 'roles:manage');
      if (RESERVED.has(key)) refuse('validation_failed');
      this.#verifyPermissions(scope, permissions);
      this.#verifyGrant(caller, [{ permissions, where: null }]);
      if (roleBy(this.state, scope, key)) refuse('already_exists');
      return done(201, () => this.state.roles.set(as, { scope, key, system: false, permissions }));
    },
    'role.update': ({ by, role: name, permissions }) => {
      const caller = this.#enter(by, 'roles:manage');
      const role = this.state.roles.get(name) ?? refuse('not_found');
      this.#verifyPermissions(role.scope, permissions ?? []);
      if (role.system) refuse('conflict');
      this.#verifyGrant(caller, [{ permissions: permissions ?? [], where: null }, ...this.#ofHolders(role)]);
      if (permissions && sameSet(permissions, role.permissions)) return done(200);
      return done(200, () => void (role.permissions = permissions ?? role.permissions));
    },
    'role.delete': ({ by, role: name, reassignTo }) => {
      const caller = this.#enter(by, 'roles:manage');
      const role = this.state.roles.get(name) ?? refuse('not_found');
      const target = reassignTo === undefined ? undefined : this.#role(role.scope, reassignTo);
      if (target === role) refuse('validation_failed');
      if (role.system) refuse('conflict');
      this.#verifyGrant(caller, target ? [...this.#ofHolders(role), ...this.#given([target])] : this.#given([role]));
      if (target ? isKept(this.state, role) : isInUse(this.state, role)) refuse('role_in_use');
      return done(204, () => replaceRole(this.state, name, target, caller));
    },

    'role.preview': ({ by, role: name, permissions }) => {
      const caller = this.#enter(by, 'roles:manage');
      if (name !== undefined) this.#enter(by, 'roles:read');
      const role = name === undefined ? undefined : (this.state.roles.get(name) ?? refuse('validation_failed'));
      this.#verifyPermissions(role?.scope ?? 'organization', permissions);
      if (role?.system) refuse('conflict');
      const touched = [{ permissions, where: null }, ...(role ? this.#ofHolders(role) : [])];
      const [missing, isForOwners] = [this.#missing(caller, touched), this.#lacksOwnership(caller, touched)];
      const access = { missing, isForOwners, ...previewOf(this.state, role, permissions) };
      return { answer: { status: 200, access } };
    },

    'member.update': ({ by, member: name, roles, status }) => {
      const caller = this.#enter(by, 'members:update');
      const member = this.#member(name);
      const given = (roles ?? []).map((key) => this.#role('organization', key));
      const next = { roles: roles ?? member.roles, status: status ?? member.status };
      if (next.status === member.status && sameSet(next.roles, member.roles)) return done(200);
      this.#verifyGrant(caller, [...this.#given(given), ...this.#ofMember(name)]);
      if (next.status !== 'active' || !next.roles.includes(OWNER)) this.#keepOwner(name);
      return done(200, () => Object.assign(member, next));
    },
    'member.remove': ({ by, member: name }) => {
      const caller = this.#enter(by, 'members:remove');
      this.#member(name);
      this.#verifyGrant(caller, this.#ofMember(name));
      this.#keepOwner(name);
      return done(204, () => endMembership(this.state, name));
    },
    'member.leave': ({ by }) => {
      const caller = memberOf(this.state, by) ?? refuse('not_found');
      this.#keepOwner(caller);
      return done(204, () => endMembership(this.state, caller));
    },

    'invitation.create': ({ by, ...terms }) => {
      const caller = this.#enter(by, 'invitations:create');
      this.#verifyInvitation(caller, terms);
      return done(201, () => this.#invite(caller, terms));
    },
    'invitation.batch': ({ by, invitations }) => {
      const caller = this.#enter(by, 'invitations:create');
      const invited = new Set<string>();
      const verdicts = invitations.map((terms) =>
        judged(() => {
          this.#verifyInvitation(caller, terms, invited);
          invited.add(terms.user);
          return done(201, () => this.#invite(caller, terms));
        }),
      );
      const results = verdicts.map(({ answer }) => answer);
      return { answer: { status: 200, results }, change: () => verdicts.forEach(({ change }) => change?.()) };
    },
    'invitation.resend': ({ by, invitation: name }) => {
      const caller = this.#enter(by, 'invitations:create');
      const invitation = this.state.invitations.get(name) ?? refuse('not_found');
      const teams = invitation.teams.filter(({ team }) => this.#isThere(team));
      this.#verifyGrant(caller, this.#ofPromises({ ...invitation, teams }));
      if (invitation.status !== 'pending') refuse('conflict');
      if (memberOf(this.state, invitation.user) !== undefined) refuse('already_member');
      return done(200, () => Object.assign(invitation, { teams, inviter: caller }));
    },
    'invitation.revoke': ({ by, invitation: name }) => {
      this.#enter(by, 'invitations:revoke');
      const invitation = this.state.invitations.get(name) ?? refuse('not_found');
      if (invitation.status === 'revoked') refuse('not_found');
      if (invitation.status !== 'pending') refuse('conflict');
      return done(204, () => void (invitation.status = 'revoked'));
    },
    'invitation.accept': ({ by, invitation: name, as }) => {
      const invitation = this.state.invitations.get(name) ?? refuse('not_found');
      if (invitation.user !== by) refuse('not_found');
      if (invitation.status !== 'pending') refuse(OVER[invitation.status]);
      if (memberOf(this.state, by) !== undefined) refuse('already_member');
      const { inviter, roles } = invitation;
      const teams = invitation.teams.filter(({ team }) => this.#isThere(team));
      const promised = [{ permissions: ['invitations:create'], where: null }, ...this.#ofPromises({ roles, teams })];
      if (this.#exceeds(inviter, promised)) refuse('invitation_void');
      return done(200, () => {
        invitation.status = 'accepted';
        this.state.members.set(as, { user: by, status: 'active', roles });
        for (const { team, role } of teams) this.state.places.set(placeName(team, as), { team, member: as, role });
      });
    },

    'team.create': ({ by, as, parent }) => {
      this.#enter(by, 'teams:create');
      const path = this.#path(parent);
      if (path.length === MOST_LEVELS) refuse('validation_failed');
      return done(201, () => this.state.teams.set(as, { path: [...path, as], deleted: false }));
    },
    'team.rename': ({ by, team }) => {
      this.#enter(by, 'teams:update', team);
      return done(200);
    },
    'team.move': ({ by, team: name, parent }) => {
      const caller = this.#enter(by, 'teams:update', name);
      const team = this.state.teams.get(name)!;
      const from = team.path.slice(0, -1);
      if (parent === (from.at(-1) ?? null)) return done(200);
      const to = this.#path(parent);
      if (to.includes(name)) refuse('cycle');
      if (to.length + levelsFrom(this.state, name) > MOST_LEVELS) refuse('validation_failed');
      const changed = [...from.filter((id) => !to.includes(id)), ...to.filter((id) => !from.includes(id))];
      this.#verifyGrant(caller, [{ permissions: this.#heldOn(changed), where: name }]);
      return done(200, () => moveTeam(this.state, name, to));
    },
    'team.delete': ({ by, team: name }) => {
      const caller = this.#enter(by, 'teams:delete', name);
      this.#verifyGrant(caller, [{ permissions: this.#heldOn([name]), where: name }]);
      return done(204, () => deleteTeam(this.state, name));
    },
    'team.restore': ({ by, team: name }) => {
      const caller = this.#enter(by, 'teams:delete', name, true);
      const team = this.state.teams.get(name)!;
      if (!team.deleted) refuse('conflict');
      this.#verifyGrant(caller, [{ permissions: this.#heldOn(team.path), where: name }]);
      return done(200, () => void (team.deleted = false));
    },

    'team_member.add': ({ by, team, member, role }) => {
      const caller = this.#enter(by, 'team_members:manage', team);
      const given = roleBy(this.state, 'team', role);
      if (!this.#isPresent(member) || !given) refuse('validation_failed');
      this.#verifyGrant(caller, this.#given([given], team));
      if (this.state.places.has(placeName(team, member))) refuse('already_member');
      return done(201, () => this.state.places.set(placeName(team, member), { team, member, role }));
    },
    'team_member.update': ({ by, team, member, role }) => {
      const caller = this.#enter(by, 'team_members:manage', team);
      const place = this.state.places.get(placeName(team, member)) ?? refuse('not_found');
      const [taken, given] = [this.#role('team', place.role), this.#role('team', role)];
      if (given === taken) return done(200);
      this.#verifyGrant(caller, this.#given([taken, given], team));
      return done(200, () => void (place.role = role));
    },
    'team_member.remove': ({ by, team, member }) => {
      const caller = this.#enter(by, 'team_members:manage', team);
      const place = this.state.places.get(placeName(team, member)) ?? refuse('not_found');
      this.#verifyGrant(caller, this.#given([this.#role('team', place.role)], team));
      return done(204, () => this.state.places.delete(placeName(team, member)));
    },

    'transfer.propose': ({ by, as, member: receiver, keep }) => {
      const proposer = this.#enter(by, 'organization:transfer');
      this.#verifyGrant(proposer, this.#given([roleBy(this.state, 'organization', OWNER)]));
      const { status, roles } = this.state.members.get(receiver) ?? {};
      if (status !== 'active' || !roles || roles.includes(OWNER) || keep === OWNER) refuse('validation_failed');
      this.#role('organization', keep);
      if ([...this.state.offers.values()].some((offer) => offer.status === 'pending')) refuse('conflict');
      return done(201, () => this.state.offers.set(as, { proposer, receiver, keep, status: 'pending' }));
    },
    'transfer.accept': ({ by, offer: name }) => {
      const caller = this.#enter(by);
      const offer = this.state.offers.get(name) ?? refuse('not_found');
      if (offer.receiver !== caller || offer.status === 'cancelled') refuse('not_found');
      if (offer.status === 'accepted') refuse('conflict');
      return done(200, () => {
        offer.status = 'accepted';
        moveOwnership(this.state, offer.proposer, caller, offer.keep);
      });
    },
    'transfer.cancel': ({ by, offer: name }) => {
      const caller = this.#enter(by, 'organization:transfer');
      this.#verifyGrant(caller, this.#given([roleBy(this.state, 'organization', OWNER)]));
      const offer = this.state.offers.get(name) ?? refuse('not_found');
      if (offer.status !== 'pending') refuse('not_found');
      return done(204, () => void (offer.status = 'cancelled'));
    },

    'access.read': ({ by }) => ({ answer: { status: 200, access: accessOf(this.state, this.#enter(by), OF_TEAMS) } }),
    'access.check': ({ by, checks }) => {
      const caller = this.#enter(by);
      const isOfOthers = checks.some(({ member = caller }) => member !== caller);
      if (isOfOthers) this.#enter(by, 'roles:read');
      if (checks.some(({ permission }) => !(permission in catalogue))) refuse('unknown_permission');
      const access = checks.map((check) => explained(this.state, check.member ?? caller, check));
      return { answer: { status: 200, access } };
    },
    'member_access.read': ({ by, member }) => {
      this.#enter(by, 'roles:read');
      this.#member(member);
      return { answer: { status: 200, access: accessOf(this.state, member, OF_TEAMS) } };
    },
  };

  /** @returns the caller's membership, if they may come in, to the team too, and hold what the route asks for */
  #enter(user: string, permission?: string, team: Where = null, evenDeleted = false): string {
    const member = memberOf(this.state, user) ?? refuse('not_found');
    if (this.state.members.get(member)?.status === 'suspended') refuse('member_suspended');
    if (team !== null && !(evenDeleted ? this.state.teams.has(team) : this.#isThere(team))) refuse('not_found');
    if (permission === undefined || effective(this.state, member, team).has(permission)) return member;
    return refuse('permission_denied', { required: permission });
  }

  /** The one rule: nobody gives, takes or touches more than they hold themselves, there. */
  #verifyGrant(caller: string, touched: readonly Touched[]): void {
    if (this.#exceeds(caller, touched)) refuse('grant_exceeds_own', { missing: this.#missing(caller, touched) });
  }

  #exceeds(holder: string, touched: readonly Touched[]): boolean {
    return this.#missing(holder, touched).length > 0 || this.#lacksOwnership(holder, touched);
  }

  #lacksOwnership(holder: string, touched: readonly Touched[]): boolean {
    return touched.some(({ isOwnership }) => isOwnership) && !isOwner(this.state, holder);
  }

  #missing(holder: string, touched: readonly Touched[]): string[] {
    const missing = touched.flatMap(({ permissions, where }) => {
      const own = effective(this.state, holder, where);
      return [...permissions].filter((permission) => !own.has(permission));
    });
    return [...new Set(missing)].toSorted();
  }

  #given(roles: readonly (RoleState | undefined)[], where: Where = null): Touched[] {
    return [{ permissions: union(roles), where, isOwnership: roles.some((role) => role?.key === OWNER) }];
  }

  /** Whoever changes or ends a membership takes or gives all that is held by it, in teams too. */
  #ofMember(name: string): Touched[] {
    const { roles } = this.#member(name);
    const places = [...this.state.places.values()].filter(({ team, member }) => member === name && this.#isThere(team));
    return [
      ...this.#given(roles.map((key) => roleBy(this.state, 'organization', key))),
      ...places.flatMap(({ team, role }) => this.#given([roleBy(this.state, 'team', role)], team)),
    ];
  }

  /** Whoever is promised a place in a team is put into it, which takes a permission of its own. */
  #ofPromises({ roles, teams }: Pick<InvitationTerms, 'roles' | 'teams'>): Touched[] {
    return [
      ...this.#given(roles.map((key) => roleBy(this.state, 'organization', key))),
      ...teams.map(({ team, role }) => {
        const promised = roleBy(this.state, 'team', role)?.permissions ?? [];
        return { permissions: ['team_members:manage', ...promised], where: team };
      }),
    ];
  }

  /** Whoever touches a role touches all who hold it; one of teams is held wherever it is, also on such teams as few see. */
  #ofHolders(role: RoleState): Touched[] {
    if (role.scope === 'team') return [...this.#given([role]), { permissions: ['teams:read_private'], where: null }];
    return [...this.#given([role]), ...holders(this.state, role).flatMap((member) => this.#ofMember(member))];
  }

  #verifyPermissions(scope: RoleScope, permissions: readonly string[]): void {
    if (permissions.some((permission) => !(permission in catalogue))) refuse('unknown_permission');
    if (scope === 'team' && permissions.some((permission) => !OF_TEAMS.has(permission))) refuse('validation_failed');
  }

  #verifyInvitation(caller: string, terms: InvitationTerms, invited: ReadonlySet<string> = new Set()): void {
    for (const key of terms.roles) this.#role('organization', key);
    for (const { team, role } of terms.teams) {
      if (!this.#isThere(team)) refuse('validation_failed');
      this.#role('team', role);
    }
    this.#verifyGrant(caller, this.#ofPromises(terms));
    if (memberOf(this.state, terms.user) !== undefined) refuse('already_member');
    const pending = [...this.state.invitations.values()].filter(({ status }) => status === 'pending');
    if (invited.has(terms.user) || pending.some(({ user }) => user === terms.user)) refuse('already_exists');
  }

  #invite(inviter: string, { as, user, roles, teams }: InvitationTerms): void {
    this.state.invitations.set(as, { user, inviter, status: 'pending', roles, teams });
  }

  /** An organisation has an active owner. */
  #keepOwner(leaving: string): void {
    const others = [...this.state.members.keys()].filter((name) => name !== leaving && isOwner(this.state, name));
    if (isOwner(this.state, leaving) && others.length === 0) refuse('last_owner');
  }

  /** @returns what is permitted by roles that anybody holds on these teams themselves */
  #heldOn(teams: readonly string[]): Set<string> {
    const places = [...this.state.places.values()].filter(({ team }) => teams.includes(team));
    return union(places.map(({ role }) => roleBy(this.state, 'team', role)));
  }

  #path(team: Where): readonly string[] {
    if (team !== null && !this.#isThere(team)) refuse('validation_failed');
    return team === null ? [] : this.state.teams.get(team)!.path;
  }

  #isThere(team: string): boolean {
    return this.state.teams.get(team)?.deleted === false;
  }

  #isPresent(member: string): boolean {
    return (this.state.members.get(member)?.status ?? 'removed') !== 'removed';
  }

  #member(name: string) {
    return this.#isPresent(name) ? this.state.members.get(name)! : refuse('not_found');
  }

  #role(scope: RoleScope, key: string): RoleState {
    return roleBy(this.state, scope, key) ?? refuse('validation_failed');
  }
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join() === other.toSorted().join();
}
