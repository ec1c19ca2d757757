import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, without the dots of the transport. */
  readonly source: string;
}

/** As much of an SMTP server (RFC 5321) as a test of our mails needs: it keeps what it takes, and can refuse. */
export class SmtpServer {
  readonly mails: ReceivedMail[] = [];
  /** Every mail offered, taken or not. */
  attempts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusals: { command: 'RCPT' | 'DATA'; reply: string; times: number } | undefined;

  private constructor() {
    this.#server = createServer((socket) => this.#converse(socket));
  }

  static async start(): Promise<SmtpServer> {
    const smtp = new SmtpServer();
    smtp.#server.listen(0, '127.0.0.1');
    await once(smtp.#server, 'listening');
    return smtp;
  }

  get url(): string {
    const address = this.#server.address();
    return `smtp://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  /** Answers the next so many of these commands with a reply such as `451 later`. */
  refuse(command: 'RCPT' | 'DATA', reply: string, times: number): void {
    this.#refusals = { command, reply, times };
  }

  /** All that it has taken and counted. */
  forget(): void {
    this.mails.length = 0;
    this.attempts = 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #converse(socket: Socket): void {
    this.#sockets.add(socket.once('close', () => this.#sockets.delete(socket)));
    socket.on('error', () => socket.destroy());
    const say = (line: string): boolean => socket.write(`${line}\r\n`);
    let envelope = { from: '', to: [] as string[] };
    let body: string[] | undefined;
    say('220 test');
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
      if (body !== undefined) {
        if (line !== '.') return void body.push(line.replace(/^\./, ''));
        this.mails.push({ ...envelope, source: body.join('\r\n') });
        body = undefined;
        return void say('250 taken');
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'MAIL') {
        this.attempts += 1;
        envelope = { from: addressIn(line), to: [] };
      }
      const refusal = this.#refusal(verb);
      if (refusal !== undefined) return void say(refusal);
      if (verb === 'RCPT') envelope.to.push(addressIn(line));
      if (verb === 'DATA') body = [];
      say(REPLIES[verb] ?? '502 unknown');
      if (verb === 'QUIT') socket.end();
    });
  }

  #refusal(verb: string): string | undefined {
    const refusals = this.#refusals;
    if (refusals?.command !== verb || refusals.times === 0) return undefined;
    refusals.times -= 1;
    return refusals.reply;
  }
}

const REPLIES: Readonly<Record<string, string>> = {
  EHLO: '250-test\r\n250 SMTPUTF8',
  HELO: '250 test',
  MAIL: '250 ok',
  RCPT: '250 ok',
  RSET: '250 ok',
  NOOP: '250 ok',
  DATA: '354 go on',
  QUIT: '221 bye',
};

function addressIn(line: string): string {
  return /<(.*)>/.exec(line)?.[1] ?? '';
}
