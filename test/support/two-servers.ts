import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.ts';
import { Config } from '../../src/config/index.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { TestApp, type TestOptions } from './app.ts';
import { Client } from './client.ts';
import { TestClock } from './clock.ts';

/** Two servers over one database, as where there are many. */
export class TwoServers {
  private constructor(
    /** The first one, with the database. */
    readonly app: TestApp,
    private readonly another: NestFastifyApplication,
    readonly clients: readonly [Client, Client],
  ) {}

  static async start(options: Pick<TestOptions, 'environment'> = {}): Promise<TwoServers> {
    const app = await TestApp.start(options);
    const config = app.nest.get(Config);
    const another = await createApplication(AppModule.of(config), config, new TestClock());
    await another.listen(0, '127.0.0.1');
    return new TwoServers(app, another, [app.anonymous, new Client(await another.getUrl())]);
  }

  async stop(): Promise<void> {
    await this.another.close();
    await this.app.stop();
  }

  /** @returns the same caller, at the first server for even numbers and at the second one for odd ones */
  at(number: number, { token }: Client): Client {
    return this.clients[number % 2]!.as(token);
  }
}
