import { Injectable, Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Config } from '../../config/index.ts';
import type { Undecipherable } from '../crypto/index.ts';
import { MS_PER_SECOND } from '../telemetry/index.ts';
import type { RoundTrip } from './connection.ts';
import type { Connections } from './connections.ts';
import { databaseFault } from './faults.ts';

/** From a look-up by key to the bound of a group. */
const BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What the operator sees of the database: the pool, every round trip as a number, and the slow ones as lines of the log. */
@Injectable()
export class DatabaseMonitor {
  readonly #logger = new Logger('Database');
  readonly #registers: Registry[];
  readonly #slow: number;
  readonly #roundTrips: Histogram<'outcome'>;
  readonly #statements: Counter;
  readonly #undecipherable: Counter<'reason'>;

  constructor(config: Config, registry: Registry) {
    this.#registers = [registry];
    this.#slow = config.database.slowStatementMs;
    this.#roundTrips = new Histogram({
      name: 'database_round_trip_duration_seconds',
      help: 'Round trips to the database, each a group of statements, by outcome.',
      labelNames: ['outcome'],
      buckets: BUCKETS_SECONDS,
      registers: this.#registers,
    });
    this.#statements = new Counter({
      name: 'database_statements_total',
      help: 'Statements sent, those that enter a scope, begin and commit among them.',
      registers: this.#registers,
    });
    this.#undecipherable = new Counter({
      name: 'undecipherable_values_total',
      help: 'Encrypted values that could not be read or written, by reason (altered, lost_key, forgotten): each is worth an alarm.',
      labelNames: ['reason'],
      registers: this.#registers,
    });
  }

  watch(connections: Connections): void {
    const gauge: Gauge<'state'> = new Gauge({
      name: 'database_connections',
      help: 'Connections that are open, those of them that are idle, and callers that wait for one.',
      labelNames: ['state'],
      registers: this.#registers,
      collect: () => {
        for (const [state, count] of Object.entries(connections.counts)) gauge.set({ state }, count);
      },
    });
  }

  /** The text of a statement holds no values: those are parameters, and never logged. */
  observe({ statements, milliseconds, error }: RoundTrip): void {
    this.#roundTrips.observe({ outcome: error ? 'error' : 'success' }, milliseconds / MS_PER_SECOND);
    this.#statements.inc(statements.length);
    if (milliseconds < this.#slow) return;
    this.#logger.warn({
      msg: 'slow statement',
      duration_ms: Math.round(milliseconds),
      statements: statements.map(({ text }) => text.replaceAll(/\s+/g, ' ').trim()),
      ...(error && { sql_state: databaseFault(error)?.sqlState ?? 'none' }),
    });
  }

  /** Somebody has been at the data, or a key is missing: an alarm. By ids alone; the text is known to nobody. */
  undecipherable(
    { reason }: Undecipherable,
    { table, column, row }: { table?: string; column?: string; row?: string | undefined },
  ): void {
    this.#undecipherable.inc({ reason });
    this.#logger.error({ msg: 'alarm: an encrypted value can not be read or written', reason, table, column, row });
  }

  connectionLost(error: Error): void {
    this.#logger.warn({ msg: 'an idle connection was lost', sql_state: databaseFault(error)?.sqlState ?? 'none' });
  }
}
