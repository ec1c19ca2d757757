import { randomBytes } from 'node:crypto';
import { Body, Controller, HttpCode, Module, Patch, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.ts';
import { Access } from '../../src/core/access/index.ts';
import { Database, sql } from '../../src/core/database/index.ts';
import { createApplication, created, Text } from '../../src/core/http/index.ts';
import { SingleUse } from '../../src/core/idempotency/index.ts';
import { TestApp } from './app.ts';
import { testConfig } from './environment.ts';
import type { PostgresWire } from './postgres-wire.ts';

class Work {
  @Text({ max: 100 })
  text: string;

  @Text({ optional: true })
  note?: string;
}

class WorkQuery {
  @Text({ optional: true })
  q?: string;
}

/** What a POST does: a test puts something else here. */
export const works: { now: (database: Database, text: string) => Promise<unknown> } = { now: insertWork };

/** Writes a row, and answers with its number. */
export async function insertWork(database: Database, text: string): Promise<unknown> {
  const { id } = await database.one<{ id: number }>(sql`insert into works (text) values (${text}) returning id`);
  return created(String(id), { id, text }, 1);
}

/** Of each server that is to know the keys of the others. */
export const SECRET_KEY = randomBytes(32).toString('base64url');

/** The application on a database that has the table. */
export async function startWorks(): Promise<TestApp> {
  const app = await TestApp.start({ module: WorksModule, environment: { SECRET_KEY } });
  await app.database.query(
    `create table works (id int primary key generated always as identity, text text);
     grant select, insert on works to tenantry_app`,
  );
  return app;
}

/** @returns another server on the same database, which it reaches by the wire */
export async function startWorksBehind(wire: PostgresWire, { database }: TestApp): Promise<NestFastifyApplication> {
  const urls = { DATABASE_URL: wire.url, DIRECT_DATABASE_URL: database.url('tenantry_worker') };
  const server = await createApplication(WorksModule, testConfig({ ...urls, SECRET_KEY }));
  await server.listen(0, '127.0.0.1');
  return server;
}

@Controller('works')
class WorksController {
  constructor(private readonly database: Database) {}

  @Post()
  @Access.signedIn()
  own(@Body() { text }: Work, @Query() _query: WorkQuery): Promise<unknown> {
    return works.now(this.database, text);
  }

  @Post(':organization_id')
  @Access.member()
  ofMember(@Body() { text }: Work): Promise<unknown> {
    return works.now(this.database, text);
  }

  @Post(':organization_id/administration')
  @Access('organization:update')
  ofAdministrator(@Body() { text }: Work): Promise<unknown> {
    return works.now(this.database, text);
  }

  @Post('of/nobody')
  @Access.public('a test')
  ofNobody(@Body() { text }: Work): Promise<unknown> {
    return works.now(this.database, text);
  }

  @Post('of/single-use')
  @Access.signedIn()
  @SingleUse('a test')
  single(@Body() { text }: Work): Promise<unknown> {
    return works.now(this.database, text);
  }

  @Post('of/silence')
  @HttpCode(204)
  @Access.signedIn()
  async silent(@Body() { text }: Work): Promise<void> {
    await works.now(this.database, text);
  }

  @Patch('of/change')
  @Access.signedIn()
  change(@Body() { text }: Work): Promise<unknown> {
    return works.now(this.database, text);
  }
}

/** The whole application, and routes whose work a test decides on. They write to a table `works` of the test's. */
@Module({ imports: [AppModule], controllers: [WorksController] })
export class WorksModule {}
