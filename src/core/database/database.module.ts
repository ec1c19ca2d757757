import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Connections } from './connections.ts';
import { Database } from './database.ts';
import { DatabaseMonitor } from './database-monitor.ts';
import { refusePowerfulRole } from './role-check.ts';

/** Milliseconds. Together they keep the promise that every answer, an error too, comes within 3 s. */
const acquireTimeout = 900;
const groupTimeout = 2000;

@Global()
@Module({
  providers: [
    DatabaseMonitor,
    {
      provide: Connections,
      inject: [Config, DatabaseMonitor],
      useFactory: ({ database }: Config, monitor: DatabaseMonitor) =>
        new Connections({
          url: database.url,
          size: database.poolSize,
          named: !database.pooled,
          acquireTimeout,
          groupTimeout,
          onRoundTrip: (roundTrip) => monitor.observe(roundTrip),
          onIdleError: (error) => monitor.connectionLost(error),
        }),
    },
    Database,
  ],
  exports: [Database],
})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Connections) private readonly connections: Connections,
    private readonly monitor: DatabaseMonitor,
  ) {}

  async onModuleInit(): Promise<void> {
    this.monitor.watch(this.connections);
    await refusePowerfulRole(this.connections);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connections.end();
  }
}
