import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { Registry } from 'prom-client';
import { Clock } from '../../src/core/clock/clock.ts';
import { runInContext } from '../../src/core/context/context.ts';
import { Scope } from '../../src/core/database/index.ts';
import { Readiness } from '../../src/core/http/readiness.ts';
import { RouteTable } from '../../src/core/http/route-table.ts';
import { createServer } from '../../src/core/http/server.ts';
import { RequestLimits } from '../../src/core/limits/index.ts';
import { createLogger, StructuredLog } from '../../src/core/telemetry/logger.ts';
import { RequestMetrics } from '../../src/core/telemetry/request-metrics.ts';
import { RequestObserver } from '../../src/core/telemetry/request-observer.ts';
import { testConfig } from '../support/environment.ts';

const lines: Record<string, unknown>[] = [];
const logger = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });

beforeEach(() => {
  lines.length = 0;
});

describe('a log line', () => {
  it('is one JSON object with the ids of its request', () => {
    const request = { id: 'r-1', ipAddress: '203.0.113.7', userAgent: 'curl', acceptLanguage: undefined };
    runInContext({ request }, () => logger.info({ msg: 'something', count: 2 }));
    expect(lines).toEqual([{ level: 'info', time: expect.any(String), request_id: 'r-1', msg: 'something', count: 2 }]);
  });

  it('comes from the loggers of Nest too', () => {
    const log = new StructuredLog(logger);
    log.log('started', 'Main');
    log.warn({ msg: 'slow statement', duration_ms: 300 }, 'Database');
    log.error(new Error('broken'), 'Jobs');
    log.error('broken', 'Error: broken\n  at x', 'Jobs');
    log.debug('unseen', 'Main');
    log.error(Object.assign(new Error('violated'), { code: 'EX', detail: 'Key (email)=(ann@example.com)' }), 'Http');
    const fault = new pg.DatabaseError('invalid input: "ann@example.com"', 0, 'error');
    log.error(new Error('outer', { cause: Object.assign(fault, { code: '22P02' }) }), 'Http');
    log.error(Object.assign(new Error('email: "ann@example.com"'), { name: 'PrismaClientValidationError' }), 'Http');
    expect(lines).toMatchObject([
      { level: 'info', context: 'Main', msg: 'started' },
      { level: 'warn', context: 'Database', msg: 'slow statement', duration_ms: 300 },
      { level: 'error', context: 'Jobs', err: { message: 'broken', stack: expect.any(Array) } },
      { level: 'error', context: 'Jobs', msg: 'broken', stack: 'Error: broken\n  at x' },
      { level: 'error', err: { type: 'Error', message: 'violated', code: 'EX' } },
      { level: 'error', err: { sql_state: '22P02', cause: { type: 'error', code: '22P02' } } },
      { level: 'error', err: { type: 'PrismaClientValidationError' } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('ann@');
  });
});

describe('a request', () => {
  const metrics = new Registry();
  const config = testConfig();
  const server = createServer({
    config,
    limits: new RequestLimits(config, new Clock()),
    observer: new RequestObserver(new RequestMetrics(metrics), logger),
    readiness: new Readiness(),
    routes: new RouteTable(),
  }).getInstance();

  let url: string;

  beforeAll(async () => {
    server.get('/people/:email', (request) => {
      request.scope = Scope.admission({
        userId: 'u-1',
        sessionId: 's-1',
        organizationId: 'o-1',
        permission: null,
        systemRoles: [],
      });
      return {};
    });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(() => server.close());

  /** The line comes when the connection has taken the last byte, which can be after the client has read it. */
  async function ask(path: string, headers: Record<string, string> = {}): Promise<void> {
    const expected = lines.length + 1;
    await fetch(url + path, { headers });
    while (lines.length < expected) await setImmediate();
  }

  it('is one line, with the pattern of its path and nothing personal', async () => {
    const headers = { 'x-request-id': 'r-2', authorization: 'Bearer secret', 'user-agent': 'agent' };
    await ask('/people/ann@example.com?token=secret', headers);
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        msg: 'request',
        request_id: 'r-2',
        method: 'GET',
        route: '/people/:email',
        status: 200,
        duration_ms: expect.any(Number),
        user_id: 'u-1',
        organization_id: 'o-1',
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/ann@|secret|agent|127\.0\.0\.1/);
  });

  it('that the client gives up is told apart', async () => {
    const head = 'POST /people HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(head));
    await once(server.server, 'request');
    socket.destroy();
    while (lines.length === 0) await setImmediate();
    expect(lines).toMatchObject([{ level: 'info', msg: 'request', aborted: true }]);
  });

  it('is one line and one measurement when no route takes it, and when its URL is broken', async () => {
    await ask('/nobody/ann@example.com');
    await ask('/people/%zz');
    expect(lines).toMatchObject([{ status: 404 }, { status: 400 }]);
    expect(JSON.stringify(lines)).not.toContain('ann@');
    const exposition = await metrics.metrics();
    expect(exposition).toMatch(/http_request_duration_seconds_count\{method="GET",route="none",status="404"\} 1/);
    expect(exposition).toMatch(/http_requests_in_flight 0/);
  });
});
