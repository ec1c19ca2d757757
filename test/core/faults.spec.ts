import pg from 'pg';
import { databaseFault, isRefusedByPolicy, toProblem } from '../../src/core/database/index.ts';
import { first } from '../../src/core/database/result-set.ts';
import { Group } from '../../src/core/database/group.ts';

function databaseError(sqlState: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('secret text', 0, 'error'), { code: sqlState, constraint: 'some_key' });
}

test.each([
  ['08006', 'unavailable'],
  ['53300', 'unavailable'],
  ['57P01', 'unavailable'],
  ['57014', 'unavailable'],
  ['55P03', 'unavailable'],
  ['40001', 'unavailable'],
  ['40P01', 'unavailable'],
  ['23505', 'already_exists'],
  ['42501', 'not_found'],
  ['23503', 'validation_failed'],
  ['TN409', 'last_owner'],
  ['23001', 'conflict'],
  ['23P01', 'conflict'],
  ['25006', 'unavailable'],
  ['25P03', 'unavailable'],
  ['25P04', 'unavailable'],
  ['23514', 'validation_failed'],
  ['23502', 'validation_failed'],
  ['22P02', 'validation_failed'],
  ['42601', undefined],
  ['XX000', undefined],
])('%s is answered as %s', (sqlState, code) => {
  expect(toProblem(databaseError(sqlState))?.code).toBe(code);
});

test('a fault is found behind the errors that wrap it, and says nothing of what was in the row', () => {
  const wrapped = new Error('outer', { cause: new Error('middle', { cause: databaseError('23505') }) });
  expect(databaseFault(wrapped)).toMatchObject({ sqlState: '23505', constraint: 'some_key' });
  expect(toProblem(wrapped)?.detail).not.toContain('secret');
  const fromPrisma = {
    meta: { driverAdapterError: { cause: { originalCode: '42501', originalMessage: 'secret text' } } },
  };
  expect(databaseFault(fromPrisma)).toMatchObject({ sqlState: '42501', constraint: undefined });
  expect(isRefusedByPolicy(fromPrisma)).toBe(true);
});

test.each([
  ['organizations', 'organizations_slug_key', '/slug'],
  ['teams', 'teams_organization_id_slug_key', '/slug'],
  ['bookmarks', 'bookmarks_organization_id_team_id_fkey', '/team_id'],
  ['bookmarks', 'bookmarks_title_check1', '/title'],
  [undefined, 'bookmarks_organization_id_team_id_fkey', '/team_id'],
  ['bookmarks', 'bookmarks_pkey', undefined],
  ['bookmarks', 'bookmarks_organization_id_id_pkey', undefined],
  ['bookmarks', 'of_another_name', undefined],
  ['bookmarks', undefined, undefined],
])('of table %s the constraint %s is about %s', (table, constraint, pointer) => {
  const fault = Object.assign(databaseError('23505'), { table, constraint });
  expect(toProblem(fault)?.errors).toEqual(
    pointer === undefined ? undefined : [{ pointer, code: 'taken', detail: 'is taken' }],
  );
});

test.each([
  ['a full pool', new Error('timeout exceeded when trying to connect')],
  ['a lost connection', new Error('Connection terminated unexpectedly')],
  ['no server', Object.assign(new Error(''), { code: 'ECONNREFUSED' })],
  [
    'any of them behind another error',
    new Error('outer', { cause: Object.assign(new Error(''), { code: 'ECONNRESET' }) }),
  ],
])('%s makes the service unavailable', (_, error) => {
  expect(toProblem(error)).toMatchObject({ code: 'unavailable', cause: error });
});

test.each([[new Error('defect')], ['no error at all'], [undefined], [new TypeError('x', { cause: 'text' })]])(
  'a defect stays a defect: %p',
  (error) => expect(toProblem(error)).toBeUndefined(),
);

test('a server that answers what nobody asked is a fault, not a crash', () => {
  expect(() => first([])).toThrow('no result');
  const failures: unknown[] = [];
  const group = new Group([], null, (failure) => failures.push(failure));
  group.abort();
  group.handleDataRow({ fields: ['1'] });
  group.handleDataRow({ fields: ['2'] });
  group.handleReadyForQuery();
  expect(failures).toEqual([{ error: expect.any(Error), statementIndex: 0 }]);
});
