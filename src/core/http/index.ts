export { createApplication } from './application.ts';
export { created, versioned, type Answer } from './answer.ts';
export { IfMatch, Precondition } from './etag.ts';
export {
  Choice,
  EmailAddress,
  Flag,
  Identifier,
  Integer,
  ListOf,
  Metadata,
  Nested,
  Text,
  Timestamp,
} from './fields.ts';
export { HttpModule } from './http.module.ts';
export { EXACT_ROWS, Page, pageOf, PageQuery, rowsOf } from './page.ts';
export { ListParameter, PathId } from './parameters.ts';
export { Refuses } from './problem.dto.ts';
export { Problem, type FieldError, type ProblemCode, validationProblem } from './problem.ts';
export { Readiness } from './readiness.ts';
export { choice, text } from './rules.ts';
