import { Global, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { CryptoModule } from '../crypto/index.ts';
import { Connections } from './connections.ts';
import { Database } from './database.ts';
import { DatabaseMonitor } from './database-monitor.ts';
import { refuseUnfitRoles } from './role-check.ts';
import { SealedColumns } from './sealed-columns.ts';

/** Together they keep the promise that every answer, an error too, comes within 3 s. */
const ACQUIRE_TIMEOUT_MS = 900;
const GROUP_TIMEOUT_MS = 2_000;

@Global()
@Module({
  imports: [CryptoModule],
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
          acquireTimeout: ACQUIRE_TIMEOUT_MS,
          groupTimeout: GROUP_TIMEOUT_MS,
          onRoundTrip: (roundTrip) => monitor.observe(roundTrip),
          onIdleError: (error) => monitor.connectionLost(error),
        }),
    },
    SealedColumns,
    Database,
  ],
  exports: [Database],
})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly config: Config,
    private readonly connections: Connections,
    private readonly monitor: DatabaseMonitor,
    private readonly sealedColumns: SealedColumns,
  ) {}

  async onModuleInit(): Promise<void> {
    this.monitor.watch(this.connections);
    await refuseUnfitRoles(this.config.database);
    await this.sealedColumns.learn(this.connections);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connections.end();
  }
}
