import { Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock/clock.ts';
import { Passwords } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { validationProblem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { type SecurityAction, SecurityEvents, UsersService } from '../users/index.ts';
import { readRecoveryCode, type RecoveryCode } from './recovery-code.ts';
import { type RightCode, SecondFactorRepository, type TotpSecret } from './second-factor.repository.ts';
import { readTotpCode, stepOf } from './totp.ts';

/** Of one person, wherever they were tried. */
export const wrongCodes: Block = {
  name: 'second-factor',
  requests: 10,
  seconds: 86_400,
  detail: 'Too many wrong codes for this account. Wait as long as Retry-After says.',
};

/** What the log says that somebody tried with a wrong code. */
export type FailedProof = Extract<SecurityAction, 'auth.mfa_failed' | 'auth.step_up_failed'>;

/** Who has just used the code that the app still shows is told what to do. */
const WRONG =
  'must be the code that your app shows now, or a recovery code. Each counts once: if you have just used it, wait for the next one';
const WRONG_NEW = 'must be the code that your app shows now for the new secret';

/** How a code was right: it came from the app (`otp` of RFC 8176), or was one of those for who has lost that. */
export type CodeMethod = RightCode['method'];

/**
 * Judges the codes of the user of the scope. The wrong ones are counted for the person, wherever they were tried, and slow the
 * next ones down (ASVS 5.0, 6.3.1); a right one is spent (6.5.1).
 */
@Injectable()
export class SecondFactor {
  constructor(
    private readonly database: Database,
    private readonly repository: SecondFactorRepository,
    private readonly passwords: Passwords,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly mail: Mail,
    private readonly clock: Clock,
  ) {}

  /** @returns whether signing in takes a code */
  async isActive(): Promise<boolean> {
    return this.repository.isActive();
  }

  /**
   * Spends a code from the app or a recovery code, in the current transaction where there is one.
   * @param action what the log says was tried, where it is wrong
   * @throws Problem validation_failed where it is wrong, or spent before; rate_limited after too many wrong ones
   */
  async prove(code: string, action: FailedProof = 'auth.mfa_failed'): Promise<CodeMethod> {
    refuseWhileBlocked(wrongCodes, await this.repository.findRetryAfter());
    const proof = await this.#proofOf(code);
    if (!proof || !(await this.#spend(proof))) return this.#refuse(action, WRONG);
    return proof.method;
  }

  /**
   * Judges a code by a secret that is not active yet.
   * @returns the time step that the code is of
   * @throws Problem validation_failed where it is wrong; rate_limited after too many wrong ones
   */
  async proveNew(code: string, { secret }: TotpSecret): Promise<number> {
    refuseWhileBlocked(wrongCodes, await this.repository.findRetryAfter());
    return this.#stepOf(code, secret) ?? this.#refuse('auth.mfa_failed', WRONG_NEW);
  }

  /** A recovery code stands in for a secret that is lost, here too: that is not read for it. */
  async #proofOf(typed: string): Promise<RightCode | undefined> {
    const recoveryCode = readRecoveryCode(typed);
    if (recoveryCode) return this.#recoveryProofOf(recoveryCode);
    const found = await this.repository.find();
    const step = found?.isActive ? this.#stepOf(typed, found.secret) : undefined;
    return found && step !== undefined ? { method: 'otp', secretId: found.id, step } : undefined;
  }

  #stepOf(typed: string, secret: string): number | undefined {
    const code = readTotpCode(typed);
    return code === undefined ? undefined : stepOf(code, secret, this.clock.now());
  }

  async #recoveryProofOf({ number, text }: RecoveryCode): Promise<RightCode | undefined> {
    const hash = await this.repository.findRecoveryHash(number);
    return hash !== null && (await this.passwords.verify(hash, text)) ? { method: 'recovery_code', hash } : undefined;
  }

  /** @returns false where it was spent before, or something newer was */
  async #spend(proof: RightCode): Promise<boolean> {
    return this.database.transaction(async () => {
      const { accepted, retryAfter } = await this.repository.accept(proof);
      refuseWhileBlocked(wrongCodes, retryAfter);
      if (accepted && proof.method === 'recovery_code') await this.#announce();
      return accepted;
    });
  }

  async #announce(): Promise<void> {
    const { email: to, emailKey } = await this.users.identity();
    await this.events.record({ action: 'user.recovery_code_used', outcome: 'success' }, emailKey);
    this.mail.send({ to, template: 'recovery_code_used' });
  }

  /** Counts a wrong code, whatever becomes of the transaction that it was sent in. */
  async #refuse(action: FailedProof, detail: string): Promise<never> {
    refuseWhileBlocked(
      wrongCodes,
      await this.database.apart(() => this.database.transaction(() => this.#count(action))),
    );
    throw validationProblem([{ pointer: '/code', code: 'wrong', detail }]);
  }

  async #count(action: FailedProof): Promise<number> {
    const retryAfter = await this.repository.countFailure();
    if (retryAfter === 0) await this.events.record({ action, outcome: 'failure' });
    return retryAfter;
  }
}
