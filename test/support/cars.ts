import { setTimeout as delay } from 'node:timers/promises';
import { Body, Controller, Delete, Get, HttpCode, Injectable, Module, Patch, Post, Put, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from '../../src/core/clock/clock.ts';
import {
  BodyLimit,
  Choice,
  createApplication,
  created,
  CursorPageOf,
  CursorQuery,
  EmailAddress,
  Flag,
  HttpModule,
  Identifier,
  IfMatch,
  Integer,
  ListOf,
  ListParameter,
  Metadata,
  Nested,
  Page,
  PageOf,
  PageQuery,
  PathId,
  Precondition,
  Problem,
  Resource,
  rules,
  selectionOf,
  Text,
  Timestamp,
  versioned,
} from '../../src/core/http/index.ts';
import { Unlimited } from '../../src/core/limits/index.ts';
import { Position } from '../../src/core/lists/index.ts';
import { TelemetryModule } from '../../src/core/telemetry/index.ts';
import { testConfig } from './environment.ts';

export class Wheel {
  @Integer({ min: 1, max: 99 })
  size: number;

  @Text({ optional: true, nullable: true, max: 10 })
  note?: string | null;
}

class Address {
  @Text({ min: 1, max: 40 })
  street: string;
}

export class Car {
  @Text({ min: 1, max: 20, pattern: /^[a-z ]+$/ })
  name: string;

  @EmailAddress({ optional: true })
  email?: string;

  @Identifier({ optional: true })
  owner_id?: string;

  @Timestamp({ optional: true })
  sold_at?: string;

  @Flag({ optional: true })
  sold?: boolean;

  @Choice(['red', 'blue'], { optional: true, nullable: true })
  color?: string | null;

  @Metadata({ optional: true })
  metadata?: object;

  @Nested(() => Address, { optional: true })
  address?: Address;

  @ListOf(() => Wheel, { optional: true, max: 4 })
  wheels?: Wheel[];

  @ListOf(rules.text({ max: 5 }), { optional: true, max: 3, unique: true })
  tags?: string[];

  @ListOf(rules.identifier(), { optional: true, unique: true })
  key_ids?: string[];
}

class CarQuery extends PageQuery {
  @Text({ optional: true })
  q?: string;

  @ListParameter(rules.choice(['new', 'old']))
  status?: string[];

  @ListParameter(rules.identifier())
  owner_id?: string[];
}

const total = 10_050;

/** The one car that was sold, and is not there any more. */
export const SOLD_CAR = '0193a1b2-0000-7000-8000-00000000dead';
const VERSION = 3;

@Injectable()
export class Cars {
  /** How often somebody asked. */
  asked = 0;

  async versionOf(id: string): Promise<number | undefined> {
    this.asked += 1;
    return id === SOLD_CAR ? undefined : VERSION;
  }
}

@Controller('cars')
@Resource(Cars)
class CarsController {
  @Get()
  @PageOf(Car)
  list(@Query() query: CarQuery): Page<unknown> {
    const { offset, limit } = selectionOf(query);
    const row = { offset, limit, q: query.q ?? null, status: query.status ?? null, owner_id: query.owner_id };
    const next = query.q && query.page === 3 ? undefined : new Position('', 'after', '["beetle"]');
    return Page.of(query, { rows: [row], counted: query.q ? 45 : total, next }, (each) => each);
  }

  @Post()
  create(@Body() car: Car): unknown {
    return created('1', Object.assign({ isCar: car instanceof Car }, car), 1);
  }

  @Get(':id/wheels')
  @CursorPageOf(Wheel)
  wheels(@PathId('id') _id: string, @Query() query: CursorQuery): Page<unknown> {
    const { position } = selectionOf(query, ['-size']);
    return Page.of(query, { rows: [position?.keys], next: new Position('-size', 'after', '[17]') }, (row) => ({ row }));
  }

  @Get(':id')
  read(@PathId('id') id: string): unknown {
    return versioned(VERSION, { id, name: 'beetle' });
  }

  @Patch(':id')
  update(@PathId('id') id: string, @IfMatch() precondition: Precondition, @Body() car: Car): unknown {
    precondition.verify(VERSION);
    return versioned(VERSION + 1, { id, name: car.name });
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@PathId('id') _id: string): void {}
}

@Controller('faults')
class FaultsController {
  @Get('unknown')
  unknown(): never {
    throw new Error('select secret from /etc/passwd');
  }

  @Get('problem')
  problem(): never {
    throw new Problem('permission_denied', { members: { required: 'teams:update' } });
  }

  @Get('unauthenticated')
  unauthenticated(): never {
    throw new Problem('unauthenticated');
  }

  @Get('slow')
  async slow(): Promise<object> {
    await delay(300);
    return { done: true };
  }

  @Get('whatever')
  @Unlimited('a test asks')
  whatever(): object {
    return { done: true };
  }

  @Get('long')
  long(): object {
    return { text: 'x'.repeat(5000) };
  }

  @Put('short')
  @Unlimited('a test asks')
  @BodyLimit(1024)
  @HttpCode(204)
  short(@Body() _car: Car): void {}

  @Put('wide')
  @BodyLimit(512 * 1024)
  @HttpCode(204)
  wide(@Body() _car: Car): void {}

  @Get('lost')
  lost(): never {
    throw new Error('Connection terminated unexpectedly');
  }
}

@Module({ imports: [HttpModule, TelemetryModule], controllers: [CarsController, FaultsController], providers: [Cars] })
class CarsModule {}

/** A small application on the real machinery, without a database, listening on a free port. */
export async function startCars(
  changes: Record<string, string> = {},
  clock: Clock = new Clock(),
): Promise<NestFastifyApplication> {
  const app = await createApplication(CarsModule, testConfig(changes), clock);
  await app.listen(0, '127.0.0.1');
  return app;
}
