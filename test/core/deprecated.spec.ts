import { Controller, Get, Module, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import { createApplication, Deprecated, HttpModule, Page, PageOf, PageQuery } from '../../src/core/http/index.ts';
import { createDocument } from '../../src/core/openapi/index.ts';
import { Unlimited } from '../../src/core/limits/index.ts';
import { TelemetryModule } from '../../src/core/telemetry/index.ts';
import { Car } from '../support/cars.ts';
import { testConfig } from '../support/environment.ts';

@Controller('old')
class OldController {
  @Get()
  @Deprecated({ since: '2027-01-01', sunset: '2027-12-31', link: 'https://example.com/new' })
  @Unlimited('planted')
  @ApiOperation({ summary: 'List what is old' })
  @PageOf(Car)
  list(@Query() query: PageQuery): Page<object> {
    return Page.of(query, { rows: [], counted: 0 }, Object);
  }

  @Get('new')
  @ApiOperation({ summary: 'Read what is new' })
  read(): void {}
}

@Module({ imports: [HttpModule, TelemetryModule], controllers: [OldController] })
class OldModule {}

describe('what is deprecated', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await createApplication(OldModule, testConfig());
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  const about = { deprecation: '@1798761600', sunset: 'Fri, 31 Dec 2027 00:00:00 GMT' };
  const link = '<https://example.com/new>; rel="deprecation"';

  it('says in every answer since when, when it goes, and where there is more', async () => {
    const api = request(app.getHttpServer());
    const answer = await api.get('/api/v1/old').expect(200);
    expect(answer.headers).toMatchObject({
      ...about,
      link: expect.stringMatching(/rel="first", <.*>; rel="deprecation"$/),
    });
    expect((await api.get('/api/v1/old?unknown=1').expect(422)).headers).toMatchObject({ ...about, link });
    expect((await api.head('/api/v1/old').expect(200)).headers).toMatchObject(about);
  });

  it('says nothing of what is not', async () => {
    const { headers } = await request(app.getHttpServer()).get('/api/v1/old/new').expect(200);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['deprecation']));
    expect(headers).not.toHaveProperty('sunset');
  });

  it('is marked in the document, and keeps what other decorators say', async () => {
    const { paths } = createDocument(app);
    expect(paths['/api/v1/old']?.get).toMatchObject({
      deprecated: true,
      summary: 'List what is old',
      'x-sunset': '2027-12-31',
      responses: { 200: { headers: { Deprecation: expect.anything(), Sunset: expect.anything() } } },
    });
    expect(paths['/api/v1/old/new']?.get).not.toHaveProperty('deprecated');
    const { headers } = await request(app.getHttpServer()).get('/api/v1/old');
    expect(headers).not.toHaveProperty('ratelimit');
  });
});

it.each([
  [{ since: '2027-01-01', sunset: '2027-06-30' }, 'half a year'],
  [{ since: 'soon', sunset: '2027-12-31' }, 'soon is no day'],
  [{ since: '2027-01-01', sunset: '2027-13-01' }, '2027-13-01 is no day'],
])('is not deprecated so: %j', (options, message) => {
  expect(() => Deprecated(options)).toThrow(message);
});
