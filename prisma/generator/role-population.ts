import { Draw } from './draw.ts';
import { isGuest, member, organization, userOf } from './population.ts';

/** Of those who come to an organisation, so many hold one of its own roles besides. */
const HOLDERS = 0.2;

export interface Role {
  readonly scope: 'organization' | 'team';
  readonly key: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

/** What organisations make for themselves. */
const kinds: readonly [Role, ...Role[]] = [
  {
    scope: 'organization',
    key: 'recruiter',
    name: 'Recruiter',
    permissions: ['invitations:create', 'invitations:read', 'members:read'],
  },
  {
    scope: 'organization',
    key: 'observer',
    name: 'Observer',
    permissions: ['invitations:read', 'members:read', 'roles:read', 'teams:read'],
  },
  { scope: 'organization', key: 'people', name: 'People', permissions: ['members:read', 'members:update'] },
  {
    scope: 'organization',
    key: 'organizer',
    name: 'Organizer',
    permissions: ['team_members:manage', 'team_members:read', 'teams:create', 'teams:read'],
  },
  {
    scope: 'team',
    key: 'coach',
    name: 'Coach',
    permissions: ['team_members:manage', 'team_members:read', 'teams:read'],
  },
];

/** The n-th role of an organisation's own: after the first five of another key. */
export function role(n: number): Role {
  const kind = kinds[n % kinds.length] ?? kinds[0];
  const round = Math.floor(n / kinds.length);
  return round === 0 ? kind : { ...kind, key: `${kind.key}-${round}`, name: `${kind.name} ${round}` };
}

/** A member, by their id, with the key of a role of the organisation's own that they hold. */
export interface Holding {
  readonly member_id: string;
  readonly key: string;
}

/** @param members how many the organisation has @param roles how many of its own */
export function holdings(seed: number, index: number, members: number, roles: number): Holding[] {
  const at = organization(seed, index);
  const held = Array.from({ length: roles }, (_, n) => role(n)).filter(({ scope }) => scope === 'organization');
  return Array.from({ length: members }, (_, n) => n).flatMap((n) => {
    const draw = new Draw(seed, `holding ${index} ${n}`);
    const one = held[Math.floor(draw.fraction() * held.length)];
    if (!one || n === 0 || isGuest(index, n) || draw.fraction() >= HOLDERS) return [];
    return [{ member_id: member(seed, at, index, n, userOf(seed, index, n)).id, key: one.key }];
  });
}
