import type { Dice } from '../fuzz/dice.ts';
import type { AccessCheck, Call, InvitationTerms, Kind } from './calls.ts';
import type { Reference } from './reference.ts';
import { PEOPLE, PERMISSIONS, somePermissions } from './start.ts';
import { isOwner, OWNER, type RoleScope, type State } from './state.ts';

/** How often each kind is drawn, of those that are asked for. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  'organization.update': 1,
  'role.create': 5,
  'role.update': 8,
  'role.delete': 5,
  'role.preview': 4,
  'member.update': 14,
  'member.remove': 4,
  'member.leave': 2,
  'invitation.create': 6,
  'invitation.batch': 2,
  'invitation.resend': 3,
  'invitation.revoke': 2,
  'invitation.accept': 7,
  'team.create': 3,
  'team.rename': 1,
  'team.move': 7,
  'team.delete': 4,
  'team.restore': 5,
  'team_member.add': 7,
  'team_member.update': 6,
  'team_member.remove': 3,
  'transfer.propose': 3,
  'transfer.accept': 2,
  'transfer.cancel': 2,
  'access.read': 3,
  'access.check': 3,
  'member_access.read': 3,
};

export const KINDS = Object.keys(WEIGHTS) as readonly Kind[];

/** Most callers may do nothing of what they try: these refusals are told often enough when each is kept so seldom. */
const DULL = new Set(['permission_denied', 'member_suspended', 'not_found']);
const DULL_KEPT = 0.15;
const UNHEARD_OF = 'unheard-of';
const MOST_CHECKS = 100;

/** Draws calls that fit what is there. */
export class Generator {
  #made = 0;
  readonly #kinds: readonly Kind[];

  constructor(
    private readonly dice: Dice,
    private readonly reference: Reference,
    kinds: readonly Kind[],
  ) {
    this.#kinds = kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));
  }

  next(): Call {
    for (;;) {
      const call = this.#call();
      const { code = '' } = this.reference.judge(call).answer;
      if (!DULL.has(code) || this.dice.chance(DULL_KEPT)) return call;
    }
  }

  /** @returns an owner's question what anybody may do anywhere: what has become of all the calls before */
  survey(): Call {
    const members = [...this.#state.members.keys()];
    const owner = members.find((member) => isOwner(this.#state, member))!;
    const checks = this.dice.some(MOST_CHECKS, () => ({ ...this.#check(), member: this.dice.pick(members) }));
    return { kind: 'access.check', by: this.#state.members.get(owner)!.user, checks };
  }

  #call(): Call {
    return this.#drawn(this.dice.pick(this.#kinds));
  }

  #drawn<K extends Kind>(kind: K): Call<K> {
    return { kind, by: this.dice.pick(PEOPLE), ...this.#makers[kind]() } as unknown as Call<K>;
  }

  readonly #makers: { readonly [K in Kind]: () => Omit<Call<K>, 'kind' | 'by'> & { by?: string } } = {
    'organization.update': () => ({ name: this.#new('Name ') }),
    'role.create': () => {
      const scope = this.#scope();
      const key = this.dice.chance(0.15) ? this.#key(scope) : this.#new('k');
      const permissions = somePermissions(this.dice, this.dice.chance(0.95) ? scope : this.#scope());
      return {
        as: this.#new('r'),
        key,
        scope,
        permissions: this.dice.chance(0.03) ? [...permissions, '*'] : permissions,
      };
    },
    'role.update': () => {
      const [role, { scope = 'organization', permissions = [] } = {}] = this.#roleEntry();
      return this.dice.make<Omit<Call<'role.update'>, 'kind' | 'by'>>([
        () => ({ role, name: this.#new('Name ') }),
        () => ({ role, permissions: somePermissions(this.dice, scope) }),
        () => ({ role, permissions: [...new Set([...permissions, ...somePermissions(this.dice, scope).slice(0, 2)])] }),
        () => ({ role, permissions: permissions.filter(() => this.dice.chance(0.7)) }),
      ]);
    },
    'role.delete': () => {
      const [role, { scope = 'organization' } = {}] = this.#roleEntry();
      return {
        role,
        ...(this.dice.chance(0.6) && { reassignTo: this.#key(this.dice.chance(0.9) ? scope : this.#scope()) }),
      };
    },
    'role.preview': () => {
      const [role, { scope = 'organization' } = {}] = this.#roleEntry();
      const isNew = this.dice.chance(0.2);
      return { permissions: somePermissions(this.dice, isNew ? 'organization' : scope), ...(!isNew && { role }) };
    },
    'member.update': () => {
      const member = this.#member();
      const roles = this.#roles(this.#state.members.get(member)?.roles ?? []);
      const status = this.dice.pick(['active', 'suspended'] as const);
      return this.dice.pick([
        { member, roles },
        { member, roles },
        { member, status },
        { member, roles, status },
      ]);
    },
    'member.remove': () => ({ member: this.#member() }),
    'member.leave': () => ({}),
    'invitation.create': () => this.#terms(),
    'invitation.batch': () => ({ invitations: this.dice.some(1 + this.dice.below(3), () => this.#terms()) }),
    'invitation.resend': () => ({ invitation: this.#one(this.#state.invitations) }),
    'invitation.revoke': () => ({ invitation: this.#one(this.#state.invitations) }),
    'invitation.accept': () => {
      const invitation = this.#one(this.#state.invitations);
      const by = this.dice.chance(0.95) ? this.#state.invitations.get(invitation)?.user : undefined;
      return { invitation, as: this.#new('m'), ...(by !== undefined && { by }) };
    },
    'team.create': () => ({ as: this.#new('t'), parent: this.#parent() }),
    'team.rename': () => ({ team: this.#team(), name: this.#new('Name ') }),
    'team.move': () => ({ team: this.#team(), parent: this.#parent() }),
    'team.delete': () => ({ team: this.#team() }),
    'team.restore': () => {
      const deleted = [...this.#state.teams].flatMap(([name, team]) => (team.deleted ? name : []));
      return { team: deleted.length > 0 && this.dice.chance(0.9) ? this.dice.pick(deleted) : this.#team() };
    },
    'team_member.add': () => ({ team: this.#team(), member: this.#member(), role: this.#key('team') }),
    'team_member.update': () => ({ ...this.#place(), role: this.#key('team') }),
    'team_member.remove': () => this.#place(),
    'transfer.propose': () => ({ as: this.#new('x'), member: this.#member(), keep: this.#key('organization') }),
    'transfer.accept': () => {
      const offer = this.#one(this.#state.offers);
      const receiver = this.#state.members.get(this.#state.offers.get(offer)?.receiver ?? '');
      return { offer, ...(receiver && this.dice.chance(0.8) && { by: receiver.user }) };
    },
    'transfer.cancel': () => ({ offer: this.#one(this.#state.offers) }),
    'access.read': () => ({}),
    'access.check': () => {
      const checks = this.dice.some(1 + this.dice.below(20), () => this.#check());
      return { checks: this.dice.chance(0.05) ? [...checks, { permission: UNHEARD_OF }] : checks };
    },
    'member_access.read': () => ({ member: this.#member() }),
  };

  get #state(): State {
    return this.reference.state;
  }

  #new(prefix: string): string {
    this.#made += 1;
    return `${prefix}new${this.#made}`;
  }

  #one(from: ReadonlyMap<string, unknown>): string {
    return from.size === 0 || this.dice.chance(0.02) ? UNHEARD_OF : this.dice.pick([...from.keys()]);
  }

  #scope(): RoleScope {
    return this.dice.pick(['organization', 'organization', 'team']);
  }

  #roleEntry(): [string, { scope: RoleScope; permissions: readonly string[] } | undefined] {
    const own = [...this.#state.roles].filter(([, { system }]) => !system || this.dice.chance(0.1));
    return own.length === 0 ? [UNHEARD_OF, undefined] : this.dice.pick(own);
  }

  /** @returns a role's key; mostly of the scope */
  #key(scope: RoleScope): string {
    const keys = [...this.#state.roles.values()].filter((role) => role.scope === scope || this.dice.chance(0.02));
    return this.dice.chance(0.02) ? UNHEARD_OF : this.dice.pick(keys).key;
  }

  /** @returns keys that differ a little from those, or altogether */
  #roles(from: readonly string[]): string[] {
    const drawn = this.dice.some(1 + this.dice.below(2), () => this.#key('organization'));
    return [...new Set(this.dice.pick([drawn, drawn, [...from, ...drawn], [...from.slice(1), drawn[0]!], [OWNER]]))];
  }

  #member(): string {
    return this.#one(this.#state.members);
  }

  #team(): string {
    return this.#one(this.#state.teams);
  }

  #parent(): string | null {
    return this.dice.chance(0.25) ? null : this.#team();
  }

  #place(): { team: string; member: string } {
    const places = [...this.#state.places.values()];
    if (places.length === 0 || this.dice.chance(0.05)) return { team: this.#team(), member: this.#member() };
    const { team, member } = this.dice.pick(places);
    return { team, member };
  }

  #check(): AccessCheck {
    const permission = this.dice.pick(PERMISSIONS);
    const of = this.dice.pick([{}, {}, { member: this.#member() }]);
    return { permission, ...of, ...(this.dice.chance(0.6) && { team: this.#team() }) };
  }

  #terms(): InvitationTerms {
    const teams = this.dice.chance(0.5) ? [{ team: this.#team(), role: this.#key('team') }] : [];
    const strangers = PEOPLE.slice(-6);
    return { as: this.#new('i'), user: this.dice.pick(strangers), roles: this.#roles([]), teams };
  }
}
