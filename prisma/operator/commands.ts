import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { flag, seats } from '../../src/config/variables.ts';
import type { KeyedHash } from '../../src/core/crypto/keyed-hash.ts';
import type { MasterKeys } from '../../src/core/crypto/master-keys.ts';
import { sealedJob } from '../../src/core/jobs/sealed-job.ts';
import type { MailContent } from '../../src/core/mail/templates.ts';
import { emailKey, keptAddress } from '../../src/features/users/email-key.ts';

/** Who calls, and why: kept with each call. */
export interface Caller {
  readonly calledBy: string;
  readonly reason: string;
}

/** What the commands need of the servers' configuration; asked for by those that need it. */
export interface Keys {
  readonly keyedHash: () => KeyedHash;
  readonly masterKeys: () => MasterKeys;
  /** Of mails to people who are not asking for one at this moment. */
  readonly language: string;
}

export type Outcome = 'found' | 'changed' | 'unchanged' | 'not_found';

/** What became of a call, and the rows that it shows. */
export interface Answer {
  readonly outcome: Outcome;
  readonly rows: readonly object[];
}

type Row = Readonly<Record<string, unknown>>;

export type Command = (client: pg.Client, caller: Caller, target: string, keys: Keys) => Promise<Answer>;

/** By slug; `after` goes on where a hundred ended. */
export function findOrganizations(after: string): Command {
  return async (client, { calledBy, reason }, text) =>
    shown(await client.query('select * from app.find_organizations($1, $2, $3, $4)', [calledBy, reason, text, after]));
}

export const findUser: Command = async (client, { calledBy, reason }, target) => {
  const { id, key } = person(target);
  return shown(await client.query('select * from app.find_user($1, $2, $3, $4)', [calledBy, reason, id, key]));
};

function shown({ rows }: pg.QueryResult<Row>): Answer {
  return { outcome: rows.length === 0 ? 'not_found' : 'found', rows };
}

export function suspendOrganization(suspend: boolean): Command {
  return async (client, { calledBy, reason }, target) =>
    done(
      await client.query<Done>('select * from app.suspend_organization($1, $2, $3, $4)', [
        calledBy,
        reason,
        target,
        suspend,
      ]),
    );
}

/** How far an organisation has used its seats; `default` is what the servers' configuration says. */
export const findLimits: Command = async (client, { calledBy, reason }, target) =>
  shown(await client.query('select * from app.find_limits($1, $2, $3)', [calledBy, reason, target]));

const LIMITS = new Map<string, (text: string) => number | boolean | null>([
  ['members.max', seatsOrNone],
  ['teams.max_members', seatsOrNone],
  ['members.count_pending', flag],
]);

function seatsOrNone(text: string): number | null {
  return text === 'none' ? null : seats(text);
}

/**
 * @param text `default` takes back what was set
 * @throws Error where there is no such limit, or the value is none of its
 */
export function setLimit(limit: string, text: string): Command {
  const parse = LIMITS.get(limit);
  if (!parse) throw new Error(`There is no limit "${limit}": ${[...LIMITS.keys()].join(', ')}.`);
  const value = text === 'default' ? null : JSON.stringify(parse(text));
  return async (client, { calledBy, reason }, target) => {
    const values = [calledBy, reason, target, limit, value];
    return done(await client.query<Done>('select * from app.set_limit($1, $2, $3, $4, $5)', values));
  };
}

export function suspendUser(suspend: boolean): Command {
  return async (client, { calledBy, reason }, target) => {
    const { id, key } = person(target);
    const values = [calledBy, reason, id, key, suspend];
    return done(await client.query<Done>('select * from app.suspend_user($1, $2, $3, $4, $5)', values));
  };
}

export const unlock: Command = async (client, { calledBy, reason }, target, keys) => {
  const values = [calledBy, reason, ...hashed(target, keys)];
  return done(await client.query<Done>('select * from app.unlock_sign_in($1, $2, $3, $4)', values));
};

/** The person is told by mail: whoever talks an operator into it has taken over the account. */
export const removeSecondFactor: Command = async (client, { calledBy, reason }, target, keys) => {
  const mail = secondFactorMail(target, keys);
  await client.query('begin');
  const values = [calledBy, reason, ...hashed(target, keys)];
  const answer = done(await client.query<Done>('select * from app.remove_second_factor($1, $2, $3, $4)', values));
  if (answer.outcome === 'changed') await client.query('select app.enqueue_mail($1::json)', [mail]);
  await client.query('commit');
  return answer;
};

/** To the address that the operator gave, which the person has: its key is theirs. */
function secondFactorMail(target: string, { masterKeys, language }: Keys): string {
  const content: MailContent = { template: 'second_factor_reset' };
  const mail = { id: uuid(), to: keptAddress(addressOf(target)), withheld: false, language, content };
  return JSON.stringify(sealedJob(masterKeys(), 'send_mail', mail));
}

export async function recentCalls(client: pg.Client): Promise<Answer> {
  const { rows } = await client.query<Row>(
    'select called_at, called_by, command, target_type, target_id, outcome, reason from app.recent_operator_calls(100)',
  );
  return { outcome: 'found', rows };
}

interface Done extends Row {
  readonly outcome: Outcome;
  readonly id: string | null;
}

function done({ rows: [row] }: pg.QueryResult<Done>): Answer {
  if (row === undefined) throw new Error('the database did not answer');
  return { outcome: row.outcome, rows: row.id === null ? [] : [{ id: row.id }] };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function person(target: string): { id: string | null; key: string | null } {
  if (UUID.test(target)) return { id: target, key: null };
  return { id: null, key: emailKey(keptAddress(addressOf(target))) };
}

function hashed(target: string, { keyedHash }: Keys): [key: string, addressHash: Buffer] {
  const key = emailKey(keptAddress(addressOf(target)));
  return [key, keyedHash().digest('email_address', key)];
}

/** An id would not do where the address itself is blocked, or gets a mail. */
function addressOf(target: string): string {
  if (/^[^@\s]+@[^@\s]+$/.test(target)) return target;
  throw new Error(`A person is given by their address, not by "${target}".`);
}
