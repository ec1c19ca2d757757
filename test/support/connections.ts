import { Registry } from 'prom-client';
import { Clock } from '../../src/core/clock/clock.ts';
import { DataKeys, MasterKeys } from '../../src/core/crypto/index.ts';
import { DatabaseMonitor } from '../../src/core/database/database-monitor.ts';
import { SealedColumns } from '../../src/core/database/sealed-columns.ts';
import { testConfig } from './environment.ts';
import { Connections, type ConnectionsOptions } from '../../src/core/database/connections.ts';

/** @returns connections as the server opens them, with the changes; the test ends them */
export function testConnections(url: string, changes: Partial<ConnectionsOptions> = {}): Connections {
  return new Connections({
    url,
    size: 4,
    named: true,
    acquireTimeout: 5000,
    groupTimeout: 2000,
    onRoundTrip: () => undefined,
    onIdleError: () => undefined,
    ...changes,
  });
}

/** @returns what opens and seals encrypted columns, of which it knows none before it has learned them */
export function sealedColumns(config = testConfig(), clock = new Clock(), registry = new Registry()): SealedColumns {
  const dataKeys = new DataKeys(new MasterKeys(config.encryptionKeys), clock);
  return new SealedColumns(dataKeys, new DatabaseMonitor(config, registry));
}
