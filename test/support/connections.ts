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
