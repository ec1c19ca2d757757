import type { JsonAnswer } from '../support/kept-connections.ts';
import type { Answer, Kind } from './calls.ts';

/** What of the members of all these answers is looked at. */
interface Problem {
  readonly code: string;
  readonly missing_permissions?: readonly string[];
  readonly required?: string;
}

interface BatchResult {
  readonly status: number;
  readonly problem?: Problem;
}

/** With where it comes from, or without. */
type Permission = string | { readonly permission: string };

interface Access {
  readonly roles: readonly string[];
  readonly permissions: readonly Permission[];
  readonly teams: readonly {
    readonly team_id: string;
    readonly role: string;
    readonly permissions: readonly Permission[];
  }[];
}

interface Preview {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly missing_permissions: readonly string[];
  readonly owner_required: boolean;
  readonly affected: number;
  readonly sample: readonly {
    readonly member_id: string;
    readonly team_id: string | null;
    readonly gained: readonly string[];
    readonly lost: readonly string[];
  }[];
}

interface CheckResult {
  readonly allowed: boolean;
  readonly via: readonly { readonly role: string; readonly team_id?: string }[];
  readonly reason?: string;
}

type NameOf = (id: string) => string;

/** @returns what the server says, as the reference says it */
export function answerOf(kind: Kind, { status, body }: JsonAnswer, nameOf: NameOf): Answer {
  if (status >= 300) return refusalOf(status, body);
  if (kind === 'invitation.batch') return { status, results: body.results.map(resultOf) };
  if (kind === 'access.check')
    return { status, access: body.results.map((result: CheckResult) => explanationOf(result, nameOf)) };
  if (kind === 'access.read' || kind === 'member_access.read') return { status, access: accessOf(body, nameOf) };
  if (kind === 'role.preview') return { status, access: previewOf(body, nameOf) };
  return { status };
}

function refusalOf(status: number, { code, missing_permissions: missing, required }: Problem): Answer {
  return { status, code, ...(missing && { missing }), ...(required && { required }) };
}

function resultOf({ status, problem }: BatchResult): Answer {
  return problem ? refusalOf(status, problem) : { status };
}

function explanationOf({ allowed, via, reason }: CheckResult, nameOf: NameOf): string | undefined {
  if (!allowed) return reason;
  const sources = via.map(({ role, team_id: team }) => (team === undefined ? role : `${role} on ${nameOf(team)}`));
  return sources.toSorted().join();
}

function accessOf({ roles, permissions, teams }: Access, nameOf: NameOf): unknown {
  const onTeams = teams.map(({ team_id: team, role, permissions: there }) => {
    return `${nameOf(team)} as ${role}: ${keysOf(there).join()}`;
  });
  return { roles, permissions: keysOf(permissions), teams: onTeams.toSorted() };
}

function previewOf(preview: Preview, nameOf: NameOf): unknown {
  const { added, removed, missing_permissions: missing, owner_required: isForOwners, affected, sample } = preview;
  const holders = sample.map(({ member_id: member, team_id: team, gained, lost }) => {
    return `${nameOf(member)} in ${team && nameOf(team)}: +${gained.join()} -${lost.join()}`;
  });
  return { missing, isForOwners, added, removed, affected, sample: holders.toSorted() };
}

function keysOf(permissions: readonly Permission[]): string[] {
  return permissions.map((one) => (typeof one === 'string' ? one : one.permission)).toSorted();
}
