import { Injectable } from '@nestjs/common';
import { KeyedHash, SecretBox, type SealContext } from '../crypto/index.ts';
import { Database, sql, type Sql } from '../database/index.ts';
import { Problem } from '../http/problem.ts';
import { WrittenAnswer } from '../http/written-answer.ts';
import type { IdempotentCall } from './idempotent-call.ts';

interface Claim {
  readonly state: 'claimed' | 'running' | 'kept' | 'reused';
  readonly answer: Buffer | null;
}

/** The first answers of a day to calls with an Idempotency-Key, each its caller's own. */
@Injectable()
export class KeptAnswers {
  constructor(
    private readonly database: Database,
    private readonly keyedHash: KeyedHash,
    private readonly box: SecretBox,
  ) {}

  /**
   * Makes the call the current transaction's own until that ends, so that no twin runs beside it.
   * @returns the answer where there is one already; undefined where the call is to be done
   * @throws Problem idempotency_in_progress while a twin runs, idempotency_key_reused where the key came with another content
   */
  async claim(call: IdempotentCall): Promise<WrittenAnswer | undefined> {
    const { keyHash, fingerprint } = this.#hashes(call);
    const { state, answer } = await this.database.one<Claim>(
      sql`select state, answer from app.claim_idempotency_key(${keyHash}, ${fingerprint})`,
    );
    if (state === 'running') throw new Problem('idempotency_in_progress');
    if (state === 'reused') throw new Problem('idempotency_key_reused');
    return answer === null ? undefined : this.#opened(answer, keyHash);
  }

  /** Keeps the answer with what the current transaction does, or neither. */
  keepWithCommit(call: IdempotentCall, answer: WrittenAnswer): void {
    this.database.defer(this.#keep(call, answer));
  }

  /** Keeps the answer to a call that had no effect; where a twin has begun meanwhile, not: its answer will be the first. */
  async keep(call: IdempotentCall, answer: WrittenAnswer): Promise<void> {
    await this.database.query(this.#keep(call, answer));
  }

  #keep(call: IdempotentCall, answer: WrittenAnswer): Sql {
    const { keyHash, fingerprint } = this.#hashes(call);
    const sealed = this.box.seal(JSON.stringify(answer), belonging(keyHash));
    return sql`select app.keep_answer(${keyHash}, ${fingerprint}, ${sealed})`;
  }

  /** @returns how many of the expired ones went */
  async sweep(limit: number): Promise<number> {
    const { swept } = await this.database.one<{ swept: number }>(
      sql`select app.sweep_kept_answers(${limit}::integer) as swept`,
    );
    return swept;
  }

  #hashes({ name, content }: IdempotentCall): { keyHash: Buffer; fingerprint: Buffer } {
    return {
      keyHash: this.keyedHash.digest('idempotency_key', name),
      fingerprint: this.keyedHash.digest('idempotent_call', content),
    };
  }

  #opened(sealed: Buffer, keyHash: Buffer): WrittenAnswer {
    const text = this.box.open(sealed, belonging(keyHash));
    if (text === undefined) throw new Error('a kept answer is not what was kept');
    // oxlint-disable-next-line typescript/no-unsafe-argument -- what `#keep` sealed
    return new WrittenAnswer(JSON.parse(text));
  }
}

/** An answer that was moved to another call does not open. */
function belonging(keyHash: Buffer): SealContext {
  return ['kept_answer', keyHash.toString('hex')];
}
