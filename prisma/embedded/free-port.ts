import { once } from 'node:events';
import { createServer } from 'node:net';

/** @returns a port of the host that nobody listens at; another program can take it in the next moment */
export async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
