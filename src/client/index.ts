export { type Client, type ClientOptions, createClient } from './client.ts';
export {
  changed,
  type Fault,
  isProblem,
  ok,
  type Problem,
  type ProblemCode,
  ProblemError,
  UnexpectedAnswer,
} from './problem.ts';
export type { components, operations, paths } from './schema.ts';
