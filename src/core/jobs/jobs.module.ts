import { Global, Module } from '@nestjs/common';
import { JobMetrics } from './job-metrics.ts';
import { Jobs } from './jobs.ts';
import { Tasks } from './tasks.ts';
import { Worker } from './worker.ts';

@Global()
@Module({ providers: [Jobs, Tasks, Worker, JobMetrics], exports: [Jobs, Tasks] })
export class JobsModule {}
