export { JobError } from './job-error.ts';
export { Jobs } from './jobs.ts';
export { JobsModule } from './jobs.module.ts';
export { type Batch, BATCH, Maintenance } from './maintenance.ts';
export { type Attempt, Tasks } from './tasks.ts';
