import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Every byte that came, of several answers too. */
  readonly all: string;
}

/** Sends bytes as they are, for what no HTTP client would send. @returns the answer, once the server has closed */
export function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const all = Buffer.concat(chunks).toString();
      const [head = '', body = ''] = all.split('\r\n\r\n', 2);
      resolve({ status: Number(head.split(' ')[1]), head, body, all });
    });
  });
}
