export { Jobs } from './jobs.ts';
export { JobsModule } from './jobs.module.ts';
export { type Attempt, type TaskHandler, type TaskName, type TaskPayloads, Tasks } from './tasks.ts';
