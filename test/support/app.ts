import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry } from 'prom-client';
import { AppModule } from '../../src/app.module.ts';
import { Config } from '../../src/config/index.ts';
import { createApplication } from '../../src/core/http/index.ts';
import { type KeptMail, Mailbox } from '../../src/core/mail/index.ts';
import { Actors } from './actors.ts';
import { Client } from './client.ts';
import { TestClock } from './clock.ts';
import { TestDatabase } from './database.ts';
import { testConfig } from './environment.ts';
import { broken } from './invariants.ts';
import { until } from './until.ts';

export interface TestOptions {
  /** In place of the whole application. */
  readonly module?: Type | DynamicModule;
  /** Variables that this test needs otherwise. */
  readonly environment?: Record<string, string>;
  /** For who has to know it before it listens; any that is free, unless given. */
  readonly port?: number;
  /** Where it logs to; at level `silent`, unless the environment says otherwise, nothing comes. */
  readonly log?: { write(line: string): void };
  /** What its database has besides, before the application knows it. */
  readonly prepare?: (database: TestDatabase) => Promise<unknown>;
}

const ROUND_TRIPS = 'database_round_trip_duration_seconds_count';

/** The real application on a database of its own, listening on a free port: one for a spec file. */
export class TestApp {
  readonly anonymous: Client;
  readonly actors: Actors;

  private constructor(
    readonly nest: NestFastifyApplication,
    readonly database: TestDatabase,
    readonly clock: TestClock,
    readonly url: string,
  ) {
    this.anonymous = new Client(url);
    this.actors = new Actors(this.anonymous, database, nest.get(Config), clock);
  }

  static async start({ module, environment = {}, port = 0, log, prepare }: TestOptions = {}): Promise<TestApp> {
    const database = await TestDatabase.create();
    await prepare?.(database);
    const given = {
      // Mails are kept for /dev/mailbox there alone, and tests read them.
      NODE_ENV: 'development',
      DATABASE_URL: database.url('tenantry_app'),
      DIRECT_DATABASE_URL: database.url('tenantry_worker'),
    };
    const clock = new TestClock();
    const config = testConfig({ ...given, ...environment });
    const nest = await createApplication(module ?? AppModule.of(config), config, clock, log);
    try {
      await nest.listen(port, '127.0.0.1');
      return new TestApp(nest, database, clock, await nest.getUrl());
    } catch (error) {
      await nest.close();
      await database.drop();
      throw error;
    }
  }

  /** @throws Error where anything of what was tried has broken what holds always */
  async stop(): Promise<void> {
    await this.nest.close();
    const found = await broken(this.database);
    await this.database.drop();
    if (found.length > 0) throw new Error(found.join('\n'));
  }

  /** @returns how many times the application went to the database during the work */
  async roundTrips(work: () => Promise<unknown>): Promise<number> {
    const before = await this.#roundTrips();
    await work();
    return (await this.#roundTrips()) - before;
  }

  async #roundTrips(): Promise<number> {
    const exposition = await this.nest.get(Registry).metrics();
    const samples = exposition.matchAll(new RegExp(`^${ROUND_TRIPS}(?:\\{.*\\})? (\\d+)$`, 'gm'));
    return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Runs the work and expects that it left every table as it was; those that are named may change. */
  async changingNothing<T>(work: () => Promise<T>, but: readonly string[] = []): Promise<T> {
    const contents = async () =>
      Object.entries(await this.database.contents()).filter(([table]) => !but.includes(table.replace('public.', '')));
    const before = await contents();
    const result = await work();
    expect(await contents()).toEqual(before);
    return result;
  }

  /** Waits until so many mails have come to the address. @returns them, newest first */
  async mailsTo(address: string, count = 1): Promise<readonly KeptMail[]> {
    const mails = (): readonly KeptMail[] => this.nest.get(Mailbox).list(address);
    await until(() => mails().length >= count);
    return mails();
  }
}
