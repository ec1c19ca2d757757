import { Global, Module } from '@nestjs/common';
import { JobMetrics } from './job-metrics.ts';
import { Jobs } from './jobs.ts';
import { CryptoModule } from '../crypto/index.ts';
import { Maintenance } from './maintenance.ts';
import { Payloads } from './payloads.ts';
import { Tasks } from './tasks.ts';
import { Worker } from './worker.ts';

@Global()
@Module({
  imports: [CryptoModule],
  providers: [Jobs, Payloads, Tasks, Maintenance, Worker, JobMetrics],
  exports: [Jobs, Maintenance, Tasks],
})
export class JobsModule {}
