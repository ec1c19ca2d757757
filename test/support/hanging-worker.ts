import { STOP_LIMITS_MS, workUntil } from '../../src/core/jobs/worker-session.ts';

// A process of its own, for a test to kill: takes a job of the task, says so, and never comes to an end.
const [connectionString = '', task = ''] = process.argv.slice(2);
const hang = (): Promise<void> => {
  console.log('taken');
  return new Promise(() => undefined);
};
await workUntil(new AbortController().signal, {
  connectionString,
  tasks: { [task]: hang },
  recurrences: [],
  logger: console,
  onBacklog: () => undefined,
  limits: STOP_LIMITS_MS,
});
