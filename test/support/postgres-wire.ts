import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A wire to PostgreSQL that breaks at the worst moment: what was sent has arrived, and its answer does not. */
export class PostgresWire {
  /** From here on the first answer breaks its connection. */
  losesAnswers = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;

  private constructor(url: string) {
    this.#target = new URL(url);
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param url a connection to the database itself */
  static async to(url: string): Promise<PostgresWire> {
    const wire = new PostgresWire(url);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  /** @returns the same connection, by this wire */
  get url(): string {
    const url = new URL(this.#target);
    const address = this.#server.address();
    if (typeof address === 'object' && address) [url.hostname, url.port] = [address.address, String(address.port)];
    return url.href;
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
    client.pipe(server);
    server.on('data', (answer) => (this.losesAnswers ? client.destroy() : client.write(answer)));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
