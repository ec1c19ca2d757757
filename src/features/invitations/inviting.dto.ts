import {
  EmailAddress,
  Flag,
  Integer,
  judged,
  ListOf,
  ListOfEach,
  Nested,
  Problem,
  type ProblemDetails,
  ProblemResponse,
  Text,
} from '../../core/http/index.ts';
import { MOST_ROLES, roleKey } from '../members/index.ts';
import { InvitationResponse, InvitedTeam, LONGEST_MESSAGE, MOST_TEAMS, toInvitation } from './invitations.dto.ts';
import type { InvitationDraft, NewInvitation } from './inviting.service.ts';

const LONGEST_DAYS = 30;
const DEFAULT_DAYS = 7;
const MOST_INVITATIONS = 100;
const CREATED = 201;

export class InvitationRequest {
  @EmailAddress({
    description: 'In whatever way to write it: capitals make no other address.',
    example: 'grace@example.com',
  })
  email: string;

  @ListOf(roleKey, {
    min: 1,
    max: MOST_ROLES,
    unique: true,
    description: 'Keys of the roles to be held. Nobody gives more than they hold themselves.',
    example: ['member'],
  })
  roles: string[];

  @ListOf(() => InvitedTeam, {
    optional: true,
    max: MOST_TEAMS,
    description: 'Teams to belong to, and as what. One that you do not see is not there.',
    example: [],
  })
  teams?: InvitedTeam[];

  @Integer({
    optional: true,
    min: 1,
    max: LONGEST_DAYS,
    description: `For how long it can be accepted; ${DEFAULT_DAYS} unless given.`,
    example: DEFAULT_DAYS,
  })
  expires_in_days?: number;

  @Text({ optional: true, min: 1, max: LONGEST_MESSAGE, description: 'Quoted in the mail.', example: 'Welcome!' })
  message?: string;

  @Flag({
    optional: true,
    description:
      'false: no mail is sent, and you are answered the link to pass on (`accept_url`), which proves no address: it can be ' +
      'accepted by whoever is signed in with this one.',
    example: true,
  })
  deliver?: boolean;
}

export class InvitationBatchRequest {
  @ListOfEach(() => InvitationRequest, { min: 1, max: MOST_INVITATIONS })
  invitations: unknown[];
}

export class NewInvitationResponse extends InvitationResponse {
  @Text({
    optional: true,
    max: 2_048,
    description: 'Where no mail was sent: the link, which is shown this once.',
    example: 'https://app.example.com/invitation#token=AZO…',
  })
  accept_url?: string;
}

class InvitationResult {
  @Integer({ min: 0, max: MOST_INVITATIONS - 1, description: 'Which of the request.' })
  index: number;

  @Integer({ min: 200, max: 599, description: 'What it would have been answered alone.', example: 201 })
  status: number;

  @Nested(() => NewInvitationResponse, { optional: true })
  invitation?: NewInvitationResponse;

  @Nested(() => ProblemResponse, { optional: true })
  problem?: ProblemDetails;
}

export class InvitationBatchResponse {
  @ListOf(() => InvitationResult, { max: MOST_INVITATIONS, description: 'One for each, in order.' })
  results: InvitationResult[];
}

export function toDraft({
  email,
  roles,
  teams = [],
  expires_in_days: days = DEFAULT_DAYS,
  message,
  deliver: isMailed = true,
}: InvitationRequest): InvitationDraft {
  const places = teams.map(({ team_id: teamId, role }) => ({ teamId, role }));
  return { email, roles, teams: places, days, message: message ?? null, isMailed };
}

/** @returns the item of a batch as a draft, or what is wrong with it */
export async function toDraftOrProblem(item: unknown): Promise<InvitationDraft | Problem> {
  try {
    return toDraft(await judged(item, InvitationRequest));
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

export function toNewInvitation({ acceptUrl, ...invitation }: NewInvitation): NewInvitationResponse {
  const own: Omit<NewInvitationResponse, 'accept_url'> = toInvitation(invitation);
  return acceptUrl === undefined ? own : { ...own, accept_url: acceptUrl };
}

/** @param detailsOf makes a body of a problem */
export function toResults(
  outcomes: readonly (NewInvitation | Problem)[],
  detailsOf: (problem: Problem) => ProblemDetails,
): InvitationBatchResponse {
  const results = outcomes.map((outcome, index) =>
    outcome instanceof Problem
      ? { index, status: outcome.status, problem: ofItem(index, detailsOf(outcome)) }
      : { index, status: CREATED, invitation: toNewInvitation(outcome) },
  );
  return { results };
}

/** What is wrong with one item, told by where that stands in the request. */
function ofItem(index: number, problem: ProblemDetails): ProblemDetails {
  const { errors } = problem;
  const places = errors?.map(({ pointer = '', ...fault }) => ({
    ...fault,
    pointer: `/invitations/${index}${pointer}`,
  }));
  return places ? { ...problem, errors: places } : problem;
}
