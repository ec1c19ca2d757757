import pg from 'pg';
import { serialize } from 'pg-protocol';
import { prepareValue } from 'pg/lib/utils.js';
import type { PreparedStatement, PreparedStatements } from './prepared-statements.ts';
import { ResultSet } from './result-set.ts';
import type { Statement } from './statement.ts';

/** A statement of a group failed; which one tells a refusal at the entry from a fault of the work behind it. */
export interface GroupFailure {
  readonly error: Error;
  readonly statementIndex: number;
}

interface Step {
  readonly statement: Statement;
  readonly values: (Buffer | string | null)[];
  readonly prepared: PreparedStatement;
  /** Parsed and described by this group, because this connection has not run it before. */
  readonly isNew: boolean;
}

/** The extended protocol counts the parameters of a statement in 16 bits. */
const PARAMETER_LIMIT = 65_535;

/** Characters. A longer statement is parsed each time: the plans of many such would fill the server's memory. */
const LONGEST_NAMED_TEXT = 8192;

/**
 * Several statements in one message to the server, with a single Sync at the end: one round trip, and outside an explicit
 * transaction one implicit transaction, in which a failing statement takes all the others with it
 * (https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING).
 *
 * It is what node-postgres calls a Submittable: `client.query(group)` sends it and hands it the server's messages. All
 * parameters are converted here, before the first byte is written, so that a bad one can't leave half a group on the wire.
 */
export class Group {
  readonly results: ResultSet[] = [];
  readonly #steps: readonly Step[];
  readonly #known: PreparedStatements | null;
  readonly #settle: (failure?: GroupFailure) => void;
  #connection: pg.Connection | undefined;
  #current: ResultSet | undefined;
  #faultOfRow: Error | undefined;

  /**
   * @param known the connection's named statements, or null to send unnamed ones (behind a transaction-mode pooler)
   * @param settle called once, when the server is ready for the next group or the connection is gone
   * @throws TypeError for a parameter that is undefined, or more than 65,535 of them
   */
  constructor(
    statements: readonly Statement[],
    known: PreparedStatements | null,
    settle: (failure?: GroupFailure) => void,
  ) {
    this.#known = known;
    this.#steps = this.#plan(statements);
    this.#settle = settle;
  }

  #plan(statements: readonly Statement[]): Step[] {
    const known = this.#known;
    const created = new Map<string, PreparedStatement>();
    return statements.map((statement) => {
      const values = wireValues(statement);
      if (!known || statement.text.length > LONGEST_NAMED_TEXT) {
        return { statement, values, prepared: { name: '' }, isNew: true };
      }
      const prepared = known.find(statement.text) ?? created.get(statement.text);
      if (prepared) return { statement, values, prepared, isNew: false };
      const step = { statement, values, prepared: known.create(), isNew: true };
      created.set(statement.text, step.prepared);
      return step;
    });
  }

  /** Called by the client when the connection is free: writes the whole group at once. */
  submit(connection: pg.Connection): null {
    this.#connection = connection;
    connection.stream.write(Buffer.concat(this.#messages()));
    return null;
  }

  /** Gives up waiting: the connection is cut, for nobody knows what the server will still send. */
  abort(): void {
    this.#connection?.stream.destroy(outOfTime());
  }

  #messages(): Buffer[] {
    const discarded = this.#known ? this.#known.takeDiscarded() : [];
    const messages = discarded.map((name) => serialize.close({ type: 'S', name }));
    for (const { statement, values, prepared, isNew } of this.#steps) {
      if (isNew) messages.push(serialize.parse({ name: prepared.name, text: statement.text }));
      messages.push(serialize.bind({ statement: prepared.name, values }));
      if (isNew) messages.push(serialize.describe({ type: 'P' }));
      messages.push(serialize.execute());
    }
    messages.push(serialize.sync());
    return messages;
  }

  handleRowDescription(message: { fields: pg.FieldDef[] }): void {
    this.#step.prepared.fields = message.fields;
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    if (this.#faultOfRow) return;
    try {
      this.#result().add(message.fields);
    } catch (error) {
      // The rest of the group still arrives; the caller is told when it has.
      this.#faultOfRow = new Error('a row could not be read', { cause: error });
    }
  }

  handleCommandComplete(message: { text: string }): void {
    const { statement, prepared, isNew } = this.#step;
    const result = this.#result();
    result.complete(message.text);
    this.results.push(result);
    this.#current = undefined;
    if (isNew && prepared.name !== '') this.#known?.keep(statement.text, prepared);
  }

  /** A statement without text is answered by this and by no command tag. */
  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }

  /** A server's error ends the group, but the connection is free only after the ReadyForQuery that follows. */
  handleError(error: Error, connection: pg.Connection): void {
    const statementIndex = this.results.length;
    for (const step of this.#steps.slice(statementIndex)) if (step.isNew) this.#known?.discard(step.prepared);
    const settle = (): void => {
      connection.off('readyForQuery', settle).off('end', settle);
      this.#settle({ error, statementIndex });
    };
    if (error instanceof pg.DatabaseError) connection.once('readyForQuery', settle).once('end', settle);
    else settle();
  }

  handleReadyForQuery(): void {
    const error = this.#faultOfRow;
    if (error) this.#settle({ error, statementIndex: this.results.length });
    else this.#settle();
  }

  /** The statement that the server is answering. */
  get #step(): Step {
    const step = this.#steps[this.results.length];
    if (!step) throw new Error('the server answered more statements than the group has');
    return step;
  }

  #result(): ResultSet {
    const { statement, prepared } = this.#step;
    this.#current ??= new ResultSet(statement, prepared.fields ?? []);
    return this.#current;
  }
}

/** Nobody waits any longer. @returns an error that `toProblem` knows by its words, as it does those of node-postgres */
export function outOfTime(): Error {
  return new Error('the database did not answer in time');
}

function wireValues(statement: Statement): (Buffer | string | null)[] {
  if (statement.values.length > PARAMETER_LIMIT) {
    throw new TypeError(`a statement has ${statement.values.length} parameters, more than ${PARAMETER_LIMIT}`);
  }
  return statement.values.map((value) => {
    if (value === undefined) throw new TypeError('a parameter is undefined: say null, or leave the statement out');
    return prepareValue(value);
  });
}
