import { Injectable } from '@nestjs/common';
import type { Quota } from '../../config/index.ts';
import { Database, encrypted, join, sql } from '../../core/database/index.ts';

const secretField = encrypted({ table: 'totp_secrets', column: 'secret', model: 'TotpSecret' });

export interface TotpSecret {
  /** Tells this secret from the next one. */
  readonly id: string;
  readonly secret: string;
  /** false: it was shown, and no code of it has been yet. */
  readonly isActive: boolean;
}

/** By what a person can prove who they are, besides a mailed link. */
export interface ProofState {
  /** null: there is no second factor, or it waits to be activated. */
  readonly activatedAt: Date | null;
  readonly recoveryCodesLeft: number;
  readonly hasPassword: boolean;
}

/** A code that is right, and perhaps spent already. */
export type RightCode =
  | { readonly method: 'otp'; readonly secretId: string; readonly step: number }
  | { readonly method: 'recovery_code'; readonly hash: string };

/** Works in a user's own scope. */
@Injectable()
export class SecondFactorRepository {
  constructor(private readonly database: Database) {}

  async isActive(): Promise<boolean> {
    const { isActive } = await this.database.one<{ isActive: boolean }>(sql`
      select exists (
        select from totp_secrets where user_id = app.user_id() and activated_at is not null
      ) as "isActive"`);
    return isActive;
  }

  /** The secret is not opened, and may be past opening. */
  async findState(): Promise<ProofState> {
    return this.database.one<ProofState>(sql`
      select
        (select activated_at from totp_secrets where user_id = app.user_id()) as "activatedAt",
        (select count(*)::integer from recovery_codes where user_id = app.user_id() and used_at is null) as "recoveryCodesLeft",
        exists (select from passwords where user_id = app.user_id()) as "hasPassword"`);
  }

  async find(): Promise<TotpSecret | undefined> {
    const [found] = await this.database.query<TotpSecret>(sql`
      select id, secret, activated_at is not null as "isActive" from totp_secrets where user_id = app.user_id()`);
    return found;
  }

  /** Takes a try, before its code is judged. @returns seconds for which no code of the person is; 0 where it was taken */
  async claim(): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(
      sql`select app.claim_second_factor_attempt() as "retryAfter"`,
    );
    return retryAfter;
  }

  /** @returns the hash that a recovery code of the number has to match; null where that is spent, or there is none */
  async findRecoveryHash(number: number): Promise<string | null> {
    const [found] = await this.database.query<{ hash: string }>(sql`
      select hash from recovery_codes where user_id = app.user_id() and number = ${number} and used_at is null`);
    return found?.hash ?? null;
  }

  /** Spends a code: true for one caller, ever, and never for one older than the newest that was taken. */
  async accept(proof: RightCode): Promise<boolean> {
    const [secretId, step, hash] =
      proof.method === 'otp' ? [proof.secretId, proof.step, null] : [null, null, proof.hash];
    const { accepted } = await this.database.one<{ accepted: boolean }>(
      sql`select app.accept_second_factor(${secretId}::uuid, ${step}::bigint, ${hash}) as accepted`,
    );
    return accepted;
  }

  /** Forgets the tries of the person, one of which was right. Travels with the commit of the current transaction. */
  forgetAttempts(): void {
    this.database.defer(sql`select app.forget_second_factor_attempts()`);
  }

  /** Puts a new secret in the place of one that was not activated. @returns false, and nothing changed, where one is active */
  async enroll(secret: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      insert into totp_secrets as t (secret) values (${secretField.of(secret)})
      on conflict (user_id) do update set id = uuidv7(), secret = excluded.secret, created_at = now()
        where t.activated_at is null
      returning user_id`);
    return rows.length === 1;
  }

  /** @returns false, and nothing changed, where the secret was activated or replaced meanwhile */
  async activate(secretId: string, step: number): Promise<boolean> {
    const { activated } = await this.database.one<{ activated: boolean }>(
      sql`select app.activate_second_factor(${secretId}::uuid, ${step}::bigint) as activated`,
    );
    return activated;
  }

  /** Keeps the active secret as it is until the end of the current transaction. @returns false where there is none */
  async lock(): Promise<boolean> {
    const rows = await this.database.query(sql`
      select from totp_secrets where user_id = app.user_id() and activated_at is not null for no key update`);
    return rows.length === 1;
  }

  /** @returns seconds until recovery codes may be made again, where they were so often within so long; 0 otherwise */
  async findRecoveryCodesWait({ requests, seconds }: Quota): Promise<number> {
    const { retryAfter } = await this.database.one<{ retryAfter: number }>(sql`
      select case when count(*) < ${requests}::integer then 0
          else ceil(extract(epoch from min(occurred_at) + make_interval(secs => ${seconds}::integer) - clock_timestamp()))::integer
        end as "retryAfter"
      from (
        select occurred_at from security_events
          where user_id = app.user_id() and action in ('user.mfa_enabled', 'user.recovery_codes_replaced')
            and occurred_at > clock_timestamp() - make_interval(secs => ${seconds}::integer)
          order by occurred_at desc limit ${requests}::integer
      ) as latest`);
    return retryAfter;
  }

  /** Puts these in the place of all that there are; each one's number is its place in the list. */
  async replaceRecoveryCodes(hashes: readonly string[]): Promise<void> {
    await this.#removeRecoveryCodes();
    const rows = hashes.map((hash, number) => sql`(${number}::smallint, ${hash})`);
    await this.database.query(sql`insert into recovery_codes (number, hash) values ${join(rows)}`);
  }

  /** @returns false where there was no active one */
  async remove(): Promise<boolean> {
    const rows = await this.database.query(sql`
      delete from totp_secrets where user_id = app.user_id() and activated_at is not null returning user_id`);
    await this.#removeRecoveryCodes();
    return rows.length === 1;
  }

  async #removeRecoveryCodes(): Promise<void> {
    await this.database.query(sql`delete from recovery_codes where user_id = app.user_id()`);
  }
}
