export { createApplication } from './application.ts';
export { BodyLimit } from './body.ts';
export { created, versioned, type Answer } from './answer.ts';
export { Cookie } from './cookie.ts';
export { demo } from './demo.ts';
export { Deprecated } from './deprecated.decorator.ts';
export { IfMatch, Precondition } from './etag.ts';
export {
  Choice,
  EmailAddress,
  field,
  type FieldOptions,
  Flag,
  Identifier,
  Integer,
  Line,
  ListOf,
  ListOfEach,
  Metadata,
  Nested,
  Text,
  Timestamp,
  Uuid,
} from './fields.ts';
export { varyBy } from './headers.ts';
export { HttpModule } from './http.module.ts';
export { judged } from './input.pipe.ts';
export { JudgesHeaders, Resource, type Resources } from './judgement.ts';
export {
  CursorQuery,
  MAXIMUM_PAGE_SIZE,
  PageQuery,
  SearchParameter,
  selectionOf,
  SortParameter,
} from './list-query.ts';
export { CursorPageOf, Page, PageOf } from './page.ts';
export { IntegerParameter, isMe, ListParameter, PathId, PathMember } from './parameters.ts';
export { problemDetails } from './problem-answer.ts';
export { MAXIMUM_NAMED, ProblemResponse, Refuses } from './problem.dto.ts';
export { existing, Problem, type FieldError, type ProblemDetails, validationProblem } from './problem.ts';
export type { ProblemCode } from './problems.ts';
export { Readiness } from './readiness.ts';
export * as rules from './rules.ts';
export { Section } from './section.decorator.ts';
export { withHandler } from './with-handler.ts';
