import { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { captureConsole } from '../../src/core/telemetry/console.ts';
import { createLogger, StructuredLog } from '../../src/core/telemetry/logger.ts';

test('what a library writes to the console becomes a line of the log, without what an error of the database quotes', () => {
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  Logger.overrideLogger(new StructuredLog(createLogger('info', sink)));
  const nowhere = (): never => {
    throw new Error('not to be written');
  };
  const library = { debug: nowhere, log: nowhere, info: nowhere, warn: nowhere, error: nowhere, trace: nowhere };
  captureConsole(library);

  const fault = new pg.DatabaseError('invalid input: "ada@example.com"', 1, 'error');
  fault.code = '22P02';
  const { trace, error } = library as unknown as Console;
  trace(fault);
  error('Retried 3 times', fault);

  const entry = { level: 'warn', context: 'Console', err: { type: 'error', sql_state: '22P02' } };
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([entry, { ...entry, text: 'Retried 3 times' }]);
  expect(lines.join('')).not.toContain('ada@');
});
