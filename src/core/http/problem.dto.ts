import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { PermissionKey, PermissionKeys } from '../access/permission.fields.ts';
import { demo } from './demo.ts';
import { Choice, Identifier, Integer, Line, ListOf, Text } from './fields.ts';
import { faultMeanings } from './fault-codes.ts';
import { LONGEST_NAME, MAXIMUM_FAULTS } from './input-faults.ts';
import { type ProblemCode, problemCodes } from './problems.ts';

/** Nobody's request can be longer, so neither can what is said of it. */
const URL_LENGTH = { max: 16_384 };
/** What a client calls its own can hold anything, control characters too, and is told as it came. */
const ANY_NAME = { pattern: /^[\s\S]*$/ };

/** How many organisations a refusal names. */
export const MAXIMUM_NAMED = 5;

const ABOUT_CODES = [
  "Stable; decide by it. There will be more of them, so take no offence at one that you don't know:",
  '',
  ...faultMeanings.map(([code, meaning]) => `- \`${code}\`: ${meaning}`),
].join('\n');

export class FieldErrorResponse {
  @Text({
    optional: true,
    description: 'Of a member of the body: a JSON pointer (RFC 6901); cut, with an ellipsis, where it is longer.',
    example: '/slug',
    ...ANY_NAME,
    max: LONGEST_NAME,
  })
  pointer?: string;

  @Text({
    optional: true,
    description: 'Of a query, path or header parameter: its name; cut likewise.',
    example: 'page_size',
    ...ANY_NAME,
    max: LONGEST_NAME,
  })
  parameter?: string;

  @Text({ pattern: /^[a-z][a-z0-9_]*$/, max: 64, description: ABOUT_CODES, example: 'pattern' })
  code: string;

  @Text({ example: 'must match ^[a-z0-9-]+$' })
  detail: string;
}

/** An organisation that a refusal is about: one that the caller may see. */
export class NamedOrganizationResponse {
  @Identifier()
  id: string;

  @Line({ min: 1, max: 200, example: demo.organization.name })
  name: string;

  @Text({ max: 63, example: demo.organization.slug })
  slug: string;
}

/** Every refusal (RFC 9457); some codes add members of their own. */
export class ProblemResponse {
  @Text({ description: 'Where the code is explained, relative to the server.', example: '/problems/validation-failed' })
  type: string;

  @Text({ example: 'Validation failed' })
  title: string;

  @Integer({ min: 400, max: 599, example: 422 })
  status: number;

  @Text({ description: 'What is wrong here, and what to do.', example: '1 field is invalid.' })
  detail: string;

  @Text({ description: 'The path that was asked for.', example: '/api/v1/organizations', ...URL_LENGTH })
  instance: string;

  @Choice(problemCodes, { description: 'Stable; decide by it.', example: 'validation_failed' })
  code: ProblemCode;

  @Text({
    pattern: /^[A-Za-z0-9._-]{1,64}$/,
    max: 64,
    description: 'Tell it to support.',
    example: '0193a1b2-0000-7000-8000-000000000000',
  })
  request_id: string;

  @ListOf(() => FieldErrorResponse, { optional: true, max: MAXIMUM_FAULTS, description: 'Each faulty field.' })
  errors?: FieldErrorResponse[];

  @PermissionKey({
    optional: true,
    description: 'Of `permission_denied`: the permission that this takes.',
    example: 'teams:update',
  })
  required?: string;

  @PermissionKeys({
    optional: true,
    description: 'Of `grant_exceeds_own`: what you would need for it, and do not hold. None: it takes an owner.',
    example: ['teams:delete'],
  })
  missing_permissions?: string[];

  @ListOf(() => NamedOrganizationResponse, {
    optional: true,
    max: MAXIMUM_NAMED,
    description:
      'Of `last_owner`, where an account is deleted: those that would be left without an active owner, or the first of them.',
  })
  organizations?: NamedOrganizationResponse[];

  @Text({
    optional: true,
    max: 128,
    description:
      'Of `limit_reached`: which limit, by the key of the setting, such as `members.max` and `teams.max_members`.',
    example: 'members.max',
  })
  setting?: string;

  @Integer({ min: 0, optional: true, description: 'Of `limit_reached`: how many there may be.', example: 25 })
  limit?: number;

  @Integer({ min: 0, optional: true, description: 'Of `limit_reached`: how many there are.', example: 25 })
  used?: number;
}

/** Of an operation, before the codes become responses: `x-refuses-` and the code. */
export const REFUSAL = 'x-refuses-' as const;

/** Documents the codes that a handler may refuse with, besides those that every route has; several decorators add up. */
export function Refuses(...codes: ProblemCode[]): MethodDecorator {
  return applyDecorators(...codes.map((code) => ApiExtension(`${REFUSAL}${code}`, true)));
}
