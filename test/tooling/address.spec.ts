import { once } from 'node:events';
import { createServer } from 'node:net';
import { addressOf } from '../../prisma/embedded/address.ts';
import { freePort } from '../../prisma/embedded/free-port.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:'],
  // Nobody can be reached at a wildcard; whoever listens there is reached at the loopback address.
  ['0.0.0.0', 'http://127.0.0.1:'],
  ['::', 'http://[::1]:'],
  ['::1', 'http://[::1]:'],
  ['localhost', 'http://localhost:'],
])('at %s is reached at %s', async (host, url) => {
  const port = await freePort(host);
  expect(await addressOf({ HOST: host, PORT: String(port) })).toEqual({ host, port, url: `${url}${port}` });
});

it('is at any free port for PORT=0', async () => {
  const { port, url } = await addressOf({ PORT: '0' });
  expect(port).toBeGreaterThan(0);
  expect(url).toBe(`http://127.0.0.1:${port}`);
});

it.each(['abc', '70000', '-1', '3e3', '30.5'])('names PORT=%s', async (port) => {
  await expect(addressOf({ PORT: port })).rejects.toThrow(/^PORT must be a whole number from 0 to 65535/);
});

it.each(['999.1.1.1', '192.0.2.1'])('names HOST=%s', async (host) => {
  await expect(addressOf({ HOST: host, PORT: '0' })).rejects.toThrow(/^HOST /);
});

it('names a port that is taken, and how to choose another', async () => {
  const neighbour = createServer().listen(0, '127.0.0.1');
  await once(neighbour, 'listening');
  const address = neighbour.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(addressOf({ PORT: String(port) })).rejects.toThrow(
    `PORT ${port} is taken. Choose another: PORT=${port + 1} npm start`,
  );
  neighbour.close();
});
