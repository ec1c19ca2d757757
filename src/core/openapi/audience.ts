import { ALSO_ASKED, TEAM_PARAMETER } from '../access/access.decorator.ts';
import { type Permission, permissions } from '../access/permissions.ts';
import { isPermission } from '../access/role-permissions.ts';
import { isObject } from '../http/rules.ts';
import type { Operation, PlacedOperation } from './types.ts';

const listing = new Intl.ListFormat('en-GB');

/** @returns for whom an operation is, and whether they have to have proved lately who they are */
export function audienceOf({ operation, path }: PlacedOperation): string {
  const within = operation['x-step-up'] === true ? ['**Takes a sign-in or step-up of the last ten minutes.**'] : [];
  return [callersOf(operation, path), ...furtherOf(operation), ...within].filter(Boolean).join(' ');
}

function callersOf(operation: Operation, path: string): string {
  const permission = operation['x-permission'];
  const reason = operation['x-public'];
  if (typeof reason === 'string') return `**Open to everybody:** ${reason}.`;
  if (permission === 'signed in') return '**For everybody who is signed in.**';
  if (permission === 'member') return '**For every member.**';
  return typeof permission === 'string' && isPermission(permission) ? permitted(permission, path) : '';
}

/** The roles that are held on the team of the path count there. */
function permitted(key: Permission, path: string): string {
  const { description, systemRoles, teamRoles } = permissions[key];
  const onTeam = path.includes(`{${TEAM_PARAMETER}}`) && teamRoles.length > 0;
  const there = onTeam ? `, on the team by ${several(teamRoles)}` : '';
  return `**Takes the permission** \`${key}\`: *${description}.* Held by ${several(systemRoles)}${there}.`;
}

function furtherOf(operation: Operation): string[] {
  const also = operation[ALSO_ASKED];
  if (!isObject(also)) return [];
  return Object.entries(also).map(([key, whatFor]) => `Also takes \`${key}\` ${String(whatFor)}.`);
}

function several(roles: readonly string[]): string {
  return listing.format(roles.map((role) => `\`${role}\``));
}
