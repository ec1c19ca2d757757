import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * @param wanted any, unless given
 * @returns a port of the host that nobody listens at; another program can take it in the next moment
 * @throws the system's error, where nobody can listen there
 */
export async function freePort(host: string, wanted = 0): Promise<number> {
  const probe = createServer().listen(wanted, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
