import { applyDecorators } from '@nestjs/common';
import { ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { Integer, ListOf, Text } from './fields.ts';
import { type ProblemCode, problems } from './problems.ts';

export class FieldErrorResponse {
  @Text({ optional: true, description: 'Of a member of the body: a JSON pointer (RFC 6901).', example: '/slug' })
  pointer?: string;

  @Text({ optional: true, description: 'Of a query, path or header parameter: its name.', example: 'page_size' })
  parameter?: string;

  @Text({ example: 'pattern' })
  code: string;

  @Text({ example: 'must match ^[a-z0-9-]+$' })
  detail: string;
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

  @Text({ description: 'The path that was asked for.', example: '/api/v1/organizations' })
  instance: string;

  @Text({ description: 'Stable; decide by it.', example: 'validation_failed' })
  code: string;

  @Text({ description: 'Tell it to support.', example: '0193a1b2-0000-7000-8000-000000000000' })
  request_id: string;

  @ListOf(() => FieldErrorResponse, { optional: true })
  errors?: FieldErrorResponse[];
}

/** Documents the codes that a handler may refuse with; several decorators on one handler add up. */
export function Refuses(...codes: ProblemCode[]): MethodDecorator {
  return applyDecorators(...codes.map(refusal));
}

/** Swagger puts the descriptions of one status together. */
function refusal(code: ProblemCode): MethodDecorator {
  const { status, detail } = problems[code];
  return ApiResponse({
    status,
    description: `\`${code}\`: ${detail}`,
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemResponse) } } },
  });
}
