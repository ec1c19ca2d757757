import { isIPv6 } from 'node:net';
import type { Environment } from '../engine/environment.ts';
import { freePort } from './free-port.ts';

const HIGHEST_PORT = 65_535;

/** Nobody is reached at a wildcard address; who listens there is reached at the machine's own. */
const REACHED_AT: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where the server is to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Where this machine reaches it; without a slash at the end. */
  readonly url: string;
}

/**
 * What HOST and PORT say, or else port 3000 of the machine itself; port 0 becomes one that is free.
 * @throws naming the variable that the server could not listen by
 */
export async function addressOf(environment: Environment): Promise<Address> {
  const host = environment['HOST'] || '127.0.0.1';
  const port = await listenable(host, portOf(environment['PORT'] || '3000'));
  const reachedAt = REACHED_AT[host] ?? host;
  return { host, port, url: `http://${isIPv6(reachedAt) ? `[${reachedAt}]` : reachedAt}:${port}` };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= HIGHEST_PORT) return port;
  throw new Error(`PORT must be a whole number from 0 to ${HIGHEST_PORT}`);
}

async function listenable(host: string, port: number): Promise<number> {
  try {
    return await freePort(host, port);
  } catch (error) {
    const reason = String(error);
    if (reason.includes('EADDRINUSE')) {
      throw new Error(`PORT ${port} is taken. Choose another: PORT=${port + 1} npm start`, { cause: error });
    }
    throw new Error(`${reason.includes('EACCES') ? 'PORT' : 'HOST'} is of no use: ${reason}`, { cause: error });
  }
}
