import { systemRoleIds, type SystemRole } from '../../src/core/access/system-roles.ts';
import { Draw } from './draw.ts';
import { familyNames, firmNames, givenNames, trades } from './names.ts';

/** Everything was founded and joined in the two years before, whenever it is made: the same seed makes the same rows. */
export const UNTIL = Date.UTC(2026, 10, 1);
const SPAN_MS = 2 * 365 * 24 * 3_600_000;

const ADMINISTRATORS = 0.05;
const SUSPENDED = 0.04;

/** What is to be made. */
export interface Size {
  readonly organizations: number;
  /** In each of them. */
  readonly members: number;
  /** In each of them, some beneath others, some private. */
  readonly teams: number;
  /** In each of them, that wait to be accepted. */
  readonly invitations: number;
  /** In each of them, of its own, held by some. */
  readonly roles: number;
  /** Other seeds make other people, who have room beside these. */
  readonly seed: number;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly created_at: Date;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly created_at: Date;
}

export interface Member {
  readonly id: string;
  readonly user_id: string;
  readonly role_id: string;
  readonly status: 'active' | 'suspended';
  readonly joined_at: Date;
}

export interface Invitation {
  readonly id: string;
  readonly email: string;
}

/** @param index counted from 0 */
export function organization(seed: number, index: number): Organization {
  const draw = new Draw(seed, `organization ${index}`);
  const name = `${draw.pick(firmNames)} ${draw.pick(trades)}`;
  const created_at = new Date(UNTIL - Math.floor((1 - draw.fraction()) * SPAN_MS));
  return { id: draw.id(created_at), name, slug: `${ascii(name)}-${seed}-${index}`, created_at };
}

/** Whoever comes to an organisation as its n-th member, from 0: its founder. */
export function person(seed: number, { created_at: founded }: Organization, index: number, n: number): Person {
  const draw = new Draw(seed, `person ${index} ${n}`);
  const [given, family] = [draw.pick(givenNames), draw.pick(familyNames)];
  const created_at = joined(founded, n, draw);
  const email = `${ascii(given)}.${ascii(family)}.${seed}-${index}-${n}@example.com`;
  return { id: draw.id(created_at), email, name: `${given} ${family}`, created_at };
}

/** The membership of the n-th: one owner, some administrators, and now and then somebody who is suspended. */
export function member(
  seed: number,
  { created_at: founded }: Organization,
  index: number,
  n: number,
  user: Person,
): Member {
  const draw = new Draw(seed, `member ${index} ${n}`);
  const role: SystemRole = n === 0 ? 'owner' : draw.fraction() < ADMINISTRATORS ? 'admin' : 'member';
  const status = n > 0 && draw.fraction() < SUSPENDED ? 'suspended' : 'active';
  const joined_at = new Date(Math.max(founded.getTime(), user.created_at.getTime()));
  return { id: draw.id(joined_at), user_id: user.id, role_id: systemRoleIds[role], status, joined_at };
}

/** Whoever comes to an organisation as its n-th member: every one but the first shares somebody with the one before. */
export function userOf(seed: number, index: number, n: number): Person {
  return isGuest(index, n)
    ? person(seed, organization(seed, index - 1), index - 1, 0)
    : person(seed, organization(seed, index), index, n);
}

/** The second member of an organisation is the founder of the one before, so that people are in more than one. */
export function isGuest(index: number, n: number): boolean {
  return index > 0 && n === 1;
}

/** Somebody who has been asked to join, and whose token nobody has. */
export function invitation(seed: number, { created_at: founded }: Organization, index: number, n: number): Invitation {
  const draw = new Draw(seed, `invitation ${index} ${n}`);
  const [given, family] = [draw.pick(givenNames), draw.pick(familyNames)];
  return { id: draw.id(founded), email: `${ascii(given)}.${ascii(family)}.${seed}-${index}-i${n}@example.com` };
}

/** The founder comes with the organisation, everybody else some time later. */
function joined(founded: Date, n: number, draw: Draw): Date {
  const since = n === 0 ? 0 : draw.fraction() * (UNTIL - founded.getTime());
  return new Date(founded.getTime() + Math.floor(since));
}

const LETTERS: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', ß: 'ss', ı: 'i' };

/** What stands for a name in an address or a slug. */
export function ascii(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[łøßı]/g, (letter) => LETTERS[letter] ?? '')
    .normalize('NFD')
    .replaceAll(/\p{M}|'/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-');
}
