import { Logger, type LoggerService } from '@nestjs/common';
import pg from 'pg';
import { Registry } from 'prom-client';
import type { Connections } from '../../src/core/database/connections.ts';
import { DatabaseMonitor } from '../../src/core/database/database-monitor.ts';
import { testConfig } from '../support/environment.ts';

const lines: unknown[] = [];
const ignore = (): void => undefined;
const metrics = new Registry();
const monitor = new DatabaseMonitor(testConfig({ SLOW_STATEMENT_MS: '200' }), metrics);
const fault = Object.assign(new pg.DatabaseError('secret', 0, 'error'), { code: '57014', detail: 'secret' });
const statements = [
  { text: 'select app.enter($1)', values: ['secret'] },
  { text: 'select *\n  from organizations', values: ['secret'] },
];

beforeEach(() => {
  lines.length = 0;
  const listening: LoggerService = { log: ignore, error: ignore, warn: (line: unknown) => lines.push(line) };
  Logger.overrideLogger(listening);
});

afterAll(() => Logger.overrideLogger(['error']));

it('logs each slow round trip by the text of its statements, and no value', () => {
  monitor.observe({ statements, milliseconds: 199.9, error: undefined });
  monitor.observe({ statements, milliseconds: 200.4, error: undefined });
  monitor.observe({ statements, milliseconds: 2000, error: fault });
  monitor.observe({ statements, milliseconds: 2000, error: new Error('secret') });
  const line = { msg: 'slow statement', statements: ['select app.enter($1)', 'select * from organizations'] };
  expect(lines).toEqual([
    { ...line, duration_ms: 200 },
    { ...line, duration_ms: 2000, sql_state: '57014' },
    { ...line, duration_ms: 2000, sql_state: 'none' },
  ]);
});

it('logs an idle connection that was lost', () => {
  monitor.connectionLost(fault);
  monitor.connectionLost(new Error('secret'));
  expect(lines).toEqual([
    { msg: 'an idle connection was lost', sql_state: '57014' },
    { msg: 'an idle connection was lost', sql_state: 'none' },
  ]);
});

it('counts round trips by outcome, and the pool by state', async () => {
  monitor.watch({ counts: { total: 3, idle: 2, waiting: 1 } } as Connections);
  const exposition = await metrics.metrics();
  expect(exposition).toContain('database_round_trip_duration_seconds_count{outcome="success"} 2');
  expect(exposition).toContain('database_round_trip_duration_seconds_count{outcome="error"} 2');
  expect(exposition).toContain('database_statements_total 8');
  expect(exposition).toContain('database_connections{state="idle"} 2');
  expect(exposition).toContain('database_connections{state="waiting"} 1');
});
