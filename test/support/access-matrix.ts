import type { Response } from 'supertest';
import { type Route, TEAM_PARAMETER } from '../../src/core/access/index.ts';
import { type Permission, permissions } from '../../src/core/access/permissions.ts';
import { parametersIn } from '../../src/core/http/handlers.ts';
import { documentedPath, isInOrganization } from './routes.ts';

/** Who calls, as the page about it has them side by side. */
export const COLUMNS = [
  'owner',
  'admin',
  'member',
  'team admin',
  'team member',
  'team viewer',
  'exactly this',
  'all but this',
  'suspended',
  'outsider',
  'anonymous',
] as const;

export type Column = (typeof COLUMNS)[number];

/** Custom team roles: in no column, for they are told apart by what they permit alone. */
const OWN_TEAM_ROLES = ['team role, exactly this', 'team role, all but this'] as const;

/** Where a team role is held: on the team of the path, above or beneath it, or on one that has nothing to do with it. */
const PLACES = ['on', 'above', 'beneath', 'beside'] as const;

export type Place = (typeof PLACES)[number];

export interface Standing {
  readonly who: Column | (typeof OWN_TEAM_ROLES)[number];
  /** Of a team role. */
  readonly place?: Place;
}

/** `✓`: let in. `403s`: refused for being suspended. */
export type Cell = '✓' | '401' | '403' | '403s' | '404';

/** @returns everybody by whom the route is called */
export function standingsOf(route: Route): Standing[] {
  const people = COLUMNS.filter((who) => teamRoleOf(who) === undefined).map((who) => ({ who }));
  const places = namesTeam(route) ? PLACES.filter((place) => hasPlace(route, place)) : (['beside'] as const);
  const held = places.flatMap((place) => [...COLUMNS, ...OWN_TEAM_ROLES].map((who): Standing => ({ who, place })));
  return [...people, ...held.filter(({ who }) => isOnTeam(who))];
}

/** Nothing stands beneath a deleted team. */
function hasPlace({ rule }: Route, place: Place): boolean {
  return !(place === 'beneath' && rule.kind === 'permission' && rule.even === 'deleted_team');
}

export function isOnTeam(who: Standing['who']): boolean {
  return who.startsWith('team ');
}

/** @returns the key of the system role that is held on a team */
export function teamRoleOf(who: Standing['who']): string | undefined {
  return isOnTeam(who) && !who.includes(',') ? who.replace('team ', '') : undefined;
}

export function nameOf({ who, place }: Standing): string {
  return place === undefined ? who : `${who} ${place} it`;
}

export function namesTeam({ path }: Route): boolean {
  return parametersIn(path).includes(TEAM_PARAMETER);
}

/** @returns what the rule of the route says of them, and nothing else does */
export function expectedCell(route: Route, standing: Standing): Cell {
  const { rule } = route;
  if (rule.kind === 'public') return '✓';
  if (standing.who === 'anonymous') return '401';
  if (rule.kind === 'signed_in') return '✓';
  if (standing.who === 'outsider') return '404';
  if (standing.who === 'suspended') return rule.even === 'suspended' ? '✓' : '403s';
  if (rule.kind === 'member') return '✓';
  return isHeldBy(rule.permission, route, standing) ? '✓' : '403';
}

function isHeldBy(permission: Permission, route: Route, { who, place }: Standing): boolean {
  const holders: Readonly<Record<'systemRoles' | 'teamRoles', readonly string[]>> = permissions[permission];
  const counts = namesTeam(route) && (place === 'on' || place === 'above');
  const teamRole = teamRoleOf(who);
  if (teamRole !== undefined) return counts && holders.teamRoles.includes(teamRole);
  if (who === 'team role, exactly this') return counts;
  return who === 'exactly this' || holders.systemRoles.includes(who);
}

/** @returns what they were told; in full where that is nothing that the rule of a route may say */
export function cellOf({ rule }: Route, { status, body }: Response): string {
  const told = `${status} ${body.code} ${body.required ?? ''}`.trim();
  const permission = rule.kind === 'permission' ? rule.permission : '';
  const refusals: Readonly<Record<string, Cell>> = {
    '401 unauthenticated': '401',
    [`403 permission_denied ${permission}`]: '403',
    '403 member_suspended': '403s',
    '404 not_found': '404',
  };
  return refusals[told] ?? (isLetIn(rule, status, body) ? '✓' : told);
}

/** Also refused for what it is about, which is told to nobody who may not be here. */
function isLetIn(rule: Route['rule'], status: number, { code, required = '' }: Refusal): boolean {
  const asksMore = code === 'permission_denied' && required in alsoAskedBy(rule);
  return (
    (status >= 200 && status < 300) || [409, 412, 422].includes(status) || code === 'grant_exceeds_own' || asksMore
  );
}

function alsoAskedBy(rule: Route['rule']): Readonly<Record<string, string>> {
  return rule.kind === 'permission' || rule.kind === 'member' ? rule.also : {};
}

/** What of a problem tells why. */
interface Refusal {
  readonly code?: string;
  readonly required?: string;
}

interface Section {
  readonly name: string;
  readonly routes: readonly Route[];
}

const EXCEPTIONS = {
  deleted: 'even deleted',
  deleted_team: 'even of a deleted team',
  suspended: 'even suspended',
} as const;

const HEAD = `# Who may call what

Written by \`test/rules/access-matrix.e2e-spec.ts\`, which calls every route as everybody in these columns and fails where an answer is
another than the rule of the route says, or where this page is another than the rules: then it writes the page anew, and **its diff is a
change of who can reach what, to be reviewed as one.** Whoever reviews the access to the API, or is asked "who can do this?", reads here.

First what is done in an organisation, where it depends on who calls; then what is [open to everybody](#open-to-everybody) and
[to whoever is signed in](#open-to-whoever-is-signed-in), which is called by the same people.

| cell | what they are told |
|---|---|
| ✓ | let in: it is done, or refused for what it is about (\`grant_exceeds_own\`, 409, 412, 422, what it *also* takes) |
| 401 | \`unauthenticated\` |
| 403 | \`permission_denied\`, naming the permission of the rule |
| 403s | \`member_suspended\` |
| 404 | \`not_found\`, as if there were no such organisation |

The test sees besides that whoever is refused has changed nothing.

- **owner, admin, member** hold that system role in the organisation.
- **team admin, team member, team viewer** are members whose roles in the organisation permit nothing, with that role on the team of the
  path, or on one above it: both are called, and are told the same. On a path without a team, on a team beneath or on another one it
  counts for nothing: that is called, too, and so are custom team roles.
- **exactly this** holds one custom role, which permits what the rule asks and nothing else; **all but this** one
  that permits everything else.
- **suspended** was an owner; **outsider** is signed in, and owns another organisation; **anonymous** shows no token.
- What a rule asks besides: *step-up*, a recent proof of who one is; *also*, a
  further permission where the request asks for more (\`test/rules/catalogue.e2e-spec.ts\` tries each with and without).
- What it lets through besides: *even deleted*, into a deleted organisation; *even of a deleted team*; *even suspended*, a suspended member
  and into a suspended organisation.
`;

/** @returns the page that tells of all routes: in sections of those where it depends on who calls, and then of the others */
export function matrixPage(sections: readonly Section[]): string {
  const all = sections.flatMap(({ routes }) => routes);
  const inside = sections.map(({ name, routes }) => ({ name, routes: routes.filter(isInOrganization) }));
  return [
    HEAD,
    ...inside.filter(({ routes }) => routes.length > 0).map(sectionOf),
    openTo(
      'everybody',
      'why',
      all.filter(({ rule }) => rule.kind === 'public'),
    ),
    openTo(
      'whoever is signed in',
      'besides',
      all.filter(({ rule }) => rule.kind === 'signed_in'),
    ),
  ].join('\n');
}

function sectionOf({ name, routes }: Section): string {
  return `## ${name}\n\n${table(
    ['call', 'rule', ...COLUMNS],
    routes.map((route) => [callOf(route), ruleOf(route), ...cellsOf(route)]),
  )}`;
}

/** Nothing here depends on what somebody holds. */
function openTo(whom: string, remark: string, routes: readonly Route[]): string {
  const rows = routes.map((route) => [callOf(route), remarkOn(route)]);
  return `## Open to ${whom}\n\n${table(['call', remark], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function callOf(route: Route): string {
  const path = documentedPath(route).replace('/api/v1', '').replace('/organizations/{organization_id}', '…');
  return `\`${route.method} ${path}\``;
}

function ruleOf(route: Route): string {
  const { rule } = route;
  const who = rule.kind === 'permission' ? `\`${rule.permission}\`` : rule.kind;
  return [who, ...besides(route)].join(', ');
}

function besides({ rule, stepUp }: Route): string[] {
  return [
    ...(stepUp ? ['step-up'] : []),
    ...('even' in rule && rule.even ? [EXCEPTIONS[rule.even]] : []),
    ...Object.entries(alsoAskedBy(rule)).map(([permission, when]) => `also \`${permission}\` ${when}`),
  ];
}

function remarkOn(route: Route): string {
  const { rule } = route;
  return rule.kind === 'public'
    ? `${rule.why}${rule.orSignedIn ? '; signed in or not' : ''}`
    : besides(route).join(', ');
}

function cellsOf(route: Route): Cell[] {
  return COLUMNS.map((who) => expectedCell(route, isOnTeam(who) ? { who, place: 'on' } : { who }));
}
