import { STATUS_CODES } from 'node:http';
import { SUNSET } from '../http/deprecated.decorator.ts';
import { audienceOf } from './audience.ts';
import { isReference, type Operation, type Parameter, type PlacedOperation } from './types.ts';

const MERGE_PATCH = 'application/merge-patch+json';

/** @returns the operation with what it can be told by itself: who may call it, which bodies it takes, how lists are written */
export function withConventions(placed: PlacedOperation): Operation {
  const { operation, method } = placed;
  const { responses, requestBody, parameters = [], security = [] } = operation;
  return {
    ...operation,
    description: [operation.description, audienceOf(placed)].filter(Boolean).join('\n\n'),
    parameters: parameters.map((parameter) => (isReference(parameter) ? parameter : withStyle(parameter))),
    ...(requestBody && { requestBody: method === 'patch' ? withMergePatch(requestBody) : requestBody }),
    responses: withDescriptions(responses),
    ...(SUNSET in operation && { deprecated: true }),
    security, // Told of the public ones too: an operation that says nothing could have been forgotten.
  };
}

/** Several values of a query parameter have commas between them. Repeating its name does too, but a client needs one way. */
function withStyle(parameter: Parameter): Parameter {
  const { schema } = parameter;
  const isList = parameter.in === 'query' && schema && !isReference(schema) && schema.type === 'array';
  return isList ? { ...parameter, style: 'form', explode: false } : parameter;
}

function withMergePatch(body: NonNullable<Operation['requestBody']>): NonNullable<Operation['requestBody']> {
  if (isReference(body)) return body;
  const json = body.content['application/json'];
  return json ? { ...body, content: { ...body.content, [MERGE_PATCH]: json } } : body;
}

function withDescriptions(responses: Operation['responses']): Operation['responses'] {
  const described = Object.entries(responses).map(([status, response]) => {
    if (!response || isReference(response) || response.description) return [status, response] as const;
    return [status, { ...response, description: `${STATUS_CODES[status] ?? status}.` }] as const;
  });
  return Object.fromEntries(described);
}
