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

/** A code that was right, a moment ago. */
export type ProvedCode = RightCode & { readonly action: FailedProof };

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
   * Judges a code from the app or a recovery code. It takes one of the person's tries before, whatever becomes of the transaction
   * that it was sent in. Best before one is begun: what it holds would wait for hashes.
   * @param action what the log says was tried, where it is wrong
   * @throws Problem validation_failed where it is wrong; rate_limited after too many wrong ones
   */
  async prove(code: string, action: FailedProof = 'auth.mfa_failed'): Promise<ProvedCode> {
    await this.#claim();
    const proof = await this.#proofOf(code);
    return proof ? { ...proof, action } : this.#refuse(action, WRONG);
  }

  /**
   * Spends a code that was right: whatever it proved has to happen in the same transaction.
   * @throws Problem validation_failed where it was spent before, or something newer was
   */
  async accept(proved: ProvedCode): Promise<CodeMethod> {
    if (!(await this.repository.accept(proved))) return this.#refuse(proved.action, WRONG);
    this.repository.forgetAttempts();
    if (proved.method === 'recovery_code') await this.#announce();
    return proved.method;
  }

  /**
   * Judges a code by a secret that is not active yet, as `prove` does.
   * @returns the time step that the code is of
   * @throws Problem validation_failed where it is wrong; rate_limited after too many wrong ones
   */
  async proveNew(code: string, { secret }: TotpSecret): Promise<number> {
    await this.#claim();
    return this.#stepOf(code, secret) ?? this.#refuse('auth.mfa_failed', WRONG_NEW);
  }

  async #claim(): Promise<void> {
    refuseWhileBlocked(wrongCodes, await this.database.apart(() => this.repository.claim()));
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

  async #announce(): Promise<void> {
    const { email: to, emailKey } = await this.users.identity();
    await this.events.record({ action: 'user.recovery_code_used', outcome: 'success' }, emailKey);
    this.mail.send({ to, template: 'recovery_code_used' });
  }

  async #refuse(action: FailedProof, detail: string): Promise<never> {
    await this.database.apart(() =>
      this.database.transaction(() => this.events.record({ action, outcome: 'failure' })),
    );
    throw validationProblem([{ pointer: '/code', code: 'wrong', detail }]);
  }
}
