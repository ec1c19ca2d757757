import {
  Controller,
  Delete,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Patch,
  Post,
  Query,
  type Type,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import request from 'supertest';
import { Access } from '../../src/core/access/index.ts';
import {
  createApplication,
  HttpModule,
  IfMatch,
  PageQuery,
  PathId,
  Precondition,
  Problem,
  Resource,
  type Resources,
  validationProblem,
} from '../../src/core/http/index.ts';
import { Judgement } from '../../src/core/http/judgement.ts';
import { TelemetryModule } from '../../src/core/telemetry/index.ts';
import { Cars, SOLD_CAR, startCars } from '../support/cars.ts';
import { testConfig } from '../support/environment.ts';

const CAR = '0193a1b2-0000-7000-8000-000000000000';
const NAMELESS = { name: 5 };

describe('a refused request about a row', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await startCars();
  });

  afterAll(() => app.close());

  const api = () => request(app.getHttpServer());
  const patch = (id: string, body: object) => api().patch(`/api/v1/cars/${id}`).send(body);

  it.each([
    ['a malformed id before all', 'nonsense', 'no tag', 404, 'not_found'],
    ['the missing row before the header', SOLD_CAR, 'no tag', 404, 'not_found'],
    ['the missing row before the version', SOLD_CAR, '"2.x"', 404, 'not_found'],
    ['the header before the body', CAR, 'no tag', 400, 'bad_request'],
    ['the version before the body', CAR, '"2.x"', 412, 'precondition_failed'],
    ['the body where nothing else is wrong', CAR, '"3.x"', 422, 'validation_failed'],
  ])('tells %s', async (_case, id, tag, status, code) => {
    const { body } = await patch(id, NAMELESS).set('if-match', tag).expect(status);
    expect(body.code).toBe(code);
  });

  it('tells the missing row before an unknown query parameter, and before a body that is not to be there', async () => {
    await api().get(`/api/v1/cars/${SOLD_CAR}?unknown=1`).expect(404);
    await api().get(`/api/v1/cars/${CAR}?unknown=1`).expect(422);
    await api().delete(`/api/v1/cars/${SOLD_CAR}`).send({ unknown: 1 }).expect(404);
    await api().delete('/api/v1/cars/nonsense').send({ unknown: 1 }).expect(404);
    await api().delete(`/api/v1/cars/${CAR}`).send({ unknown: 1 }).expect(422);
  });

  it('is the only one for which the row is asked', async () => {
    const cars = app.get(Cars);
    const before = cars.asked;
    await patch(CAR, { name: 'golf' }).set('if-match', '"3.x"').expect(200);
    await patch(CAR, { name: 'golf' }).set('if-match', '"2.x"').expect(412);
    await api().get(`/api/v1/cars/${CAR}`).expect(200);
    await api().get('/api/v1/cars?unknown=1').expect(422);
    expect(cars.asked).toBe(before);
    await patch(CAR, NAMELESS).expect(422);
    expect(cars.asked).toBe(before + 1);
  });

  it('is judged by whoever refuses it, in a handler too', async () => {
    class RefusingController {
      @Get(':id')
      list(@PathId('id') _id: string, @Query() query: PageQuery): never {
        throw query.page === 2 ? new Problem('invalid_cursor') : new Problem('page_too_deep');
      }
    }
    const planted = await start(RefusingController, Cars);
    const get = (path: string) => request(planted.getHttpServer()).get(`/api/v1/planted/${path}`);
    expect((await get(SOLD_CAR)).body.code).toBe('not_found');
    expect((await get(`${SOLD_CAR}?page=2`)).body.code).toBe('not_found');
    expect((await get(CAR)).body.code).toBe('page_too_deep');
    expect((await get(`${CAR}?page=2`)).body.code).toBe('invalid_cursor');
    await planted.close();
  });
});

describe('what can no longer be asked', () => {
  /** A handler whose statement failed leaves a transaction that takes no other. */
  const failing = (error: Error) => {
    @Injectable()
    class Failing {
      async versionOf(): Promise<never> {
        throw error;
      }
    }
    return Failing;
  };
  class PlantedController {
    @Get(':id')
    read(@PathId('id') _id: string): never {
      throw validationProblem([]);
    }
  }

  it('leaves the refusal as it is in a transaction that has failed', async () => {
    const failed = Object.assign(new pg.DatabaseError('failed', 0, 'error'), { code: '25P02' });
    const app = await start(PlantedController, failing(failed));
    await request(app.getHttpServer()).get(`/api/v1/planted/${CAR}`).expect(422);
    await app.close();
  });

  it('is no reason to tell the refusal where the database is away', async () => {
    const app = await start(PlantedController, failing(new Error('Connection terminated unexpectedly')));
    await request(app.getHttpServer()).get(`/api/v1/planted/${CAR}`).expect(503);
    await app.close();
  });
});

describe('the start', () => {
  it('is refused where a decorator for parameters of handlers stands at a constructor', () => {
    expect(() => PathId('id')(IdController, undefined, 0)).toThrow('for a parameter of a handler');
  });

  class IdController {
    @Get(':id')
    read(): void {}
  }
  class PreconditionController {
    @Patch()
    update(@IfMatch() _precondition: Precondition): void {}
  }

  it.each([
    ['has an id in its path', IdController, 'IdController.read has no @Resource'],
    ['compares If-Match', PreconditionController, 'PreconditionController.update has no @Resource'],
  ])('is refused where a route %s, and nobody is named who knows the row', async (_case, controller, message) => {
    await expect(start(controller)).rejects.toThrow(message);
  });

  it('is refused where whoever is named is not there', async () => {
    class StrangeController {
      @Delete(':id')
      @Resource(Cars)
      remove(): void {}
    }
    await expect(start(StrangeController)).rejects.toThrow('Cars');
  });

  it('asks nothing of routes about no row: a collection, an organisation, what is public', async () => {
    class FreeController {
      @Post()
      create(): void {}

      @Get('of/:organization_id')
      @Access.member()
      read(): void {}

      @Get('open/:name')
      @Access.public('planted')
      open(@PathId('name') _name: string): void {
        throw validationProblem([]);
      }
    }
    const app = await start(FreeController);
    const context = {
      getHandler: () => FreeController.prototype.open,
      getClass: () => FreeController,
      switchToHttp: () => ({
        getRequest: () => ({ params: { name: CAR }, routeOptions: { url: '/open/:name' }, headers: {} }),
      }),
    } as unknown as ExecutionContext;
    const refusal = validationProblem([]);
    expect(await app.get(Judgement, { strict: false }).before(context, refusal)).toBe(refusal);
    await app.close();
  });
});

/** @param resource who knows the rows of all its routes */
async function start(controller: Type, resource?: Type<Resources>): Promise<NestFastifyApplication> {
  Controller('planted')(controller);
  if (resource) Resource(resource)(controller);

  @Module({ imports: [HttpModule, TelemetryModule], controllers: [controller], providers: resource ? [resource] : [] })
  class PlantedModule {}

  const app = await createApplication(PlantedModule, testConfig());
  try {
    await app.listen(0, '127.0.0.1');
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
