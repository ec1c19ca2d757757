import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Passwords } from '../../core/crypto/index.ts';
import { Database } from '../../core/database/index.ts';
import { Problem } from '../../core/http/index.ts';
import { type Block, refuseWhileBlocked } from '../../core/limits/index.ts';
import { Mail } from '../../core/mail/index.ts';
import { SecurityEvents, UsersService } from '../users/index.ts';
import { newRecoveryCode, RECOVERY_CODES, shownRecoveryCode } from './recovery-code.ts';
import { type ProofState, SecondFactorRepository, type TotpSecret } from './second-factor.repository.ts';
import { SecondFactor } from './second-factor.service.ts';
import { newTotpSecret, otpauthUri } from './totp.ts';

/** Each time takes ten hashes, and sends a mail. */
const recoveryCodes: Block = {
  name: 'recovery-codes',
  requests: 5,
  seconds: 3600,
  detail: 'You were given recovery codes five times within an hour. Wait as long as Retry-After says.',
};

/** What an authenticator app is set up with. */
export interface Enrollment {
  readonly secret: string;
  readonly otpauthUri: string;
}

/** Setting the caller's second factor up, and taking it away. They are told of each by mail. */
@Injectable()
export class EnrollmentService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly repository: SecondFactorRepository,
    private readonly secondFactor: SecondFactor,
    private readonly passwords: Passwords,
    private readonly users: UsersService,
    private readonly events: SecurityEvents,
    private readonly mail: Mail,
  ) {}

  async state(): Promise<ProofState> {
    return this.repository.findState();
  }

  /**
   * Makes a secret, in the place of one that was not activated. Nothing is asked for a code of it before `activate`.
   * @throws Problem conflict where one is active
   */
  async enroll(): Promise<Enrollment> {
    const { email } = await this.users.identity();
    const secret = newTotpSecret();
    if (!(await this.repository.enroll(secret))) throw alreadyActive();
    return { secret, otpauthUri: otpauthUri(secret, this.config.appName, email) };
  }

  /**
   * Has signing in take a code from now on, once a first one shows that the app has the secret. That code is spent.
   * @returns recovery codes, which are not to be seen again
   * @throws Problem not_found where no secret waits; conflict where it is active; validation_failed for a wrong code;
   * rate_limited after too many
   */
  async activate(code: string): Promise<string[]> {
    const found = await this.#pending();
    await this.#refuseTooMany();
    const step = await this.secondFactor.proveNew(code, found);
    const { shown, hashes } = await this.#newRecoveryCodes();
    await this.database.transaction(async () => {
      if (!(await this.repository.activate(found.id, step))) throw alreadyActive();
      await this.#refuseTooMany();
      this.repository.forgetAttempts();
      await this.#announce('user.mfa_enabled', 'second_factor_added');
      await this.repository.replaceRecoveryCodes(hashes);
    });
    return shown;
  }

  async #pending(): Promise<TotpSecret> {
    const found = await this.repository.find();
    if (!found) throw new Problem('not_found', { detail: 'No secret waits to be activated. Ask for one first.' });
    if (found.isActive) throw alreadyActive();
    return found;
  }

  /**
   * Puts new recovery codes in the place of all that there were.
   * @throws Problem not_found without a second factor; validation_failed for a wrong code; rate_limited after too many
   */
  async replaceRecoveryCodes(code: string): Promise<string[]> {
    await this.#requireActive();
    await this.#refuseTooMany();
    const proved = await this.secondFactor.prove(code);
    const { shown, hashes } = await this.#newRecoveryCodes();
    await this.database.transaction(async () => {
      await this.secondFactor.accept(proved);
      if (!(await this.repository.lock())) throw notActive();
      await this.#refuseTooMany();
      await this.#announce('user.recovery_codes_replaced', 'recovery_codes_replaced');
      await this.repository.replaceRecoveryCodes(hashes);
    });
    return shown;
  }

  /**
   * Takes the second factor away, with its recovery codes.
   * @throws Problem not_found without one; validation_failed for a wrong code; rate_limited after too many
   */
  async remove(code: string): Promise<void> {
    await this.#requireActive();
    const proved = await this.secondFactor.prove(code);
    await this.database.transaction(async () => {
      await this.secondFactor.accept(proved);
      if (!(await this.repository.remove())) throw notActive();
      await this.#announce('user.mfa_disabled', 'second_factor_removed');
    });
  }

  async #requireActive(): Promise<void> {
    if (!(await this.secondFactor.isActive())) throw notActive();
  }

  /** Before the hashes are made, and again where one of many at once holds the secret. */
  async #refuseTooMany(): Promise<void> {
    refuseWhileBlocked(recoveryCodes, await this.repository.findRecoveryCodesWait(recoveryCodes));
  }

  /** Ten hashes take a while, for which no transaction should be open: one after the other, so that others get theirs between. */
  async #newRecoveryCodes(): Promise<{ shown: string[]; hashes: string[] }> {
    const codes = Array.from({ length: RECOVERY_CODES }, (_, number) => newRecoveryCode(number));
    const hashes: string[] = [];
    for (const { text } of codes) hashes.push(await this.passwords.hash(text));
    return { shown: codes.map(shownRecoveryCode), hashes };
  }

  async #announce(
    action: 'user.mfa_enabled' | 'user.mfa_disabled' | 'user.recovery_codes_replaced',
    template: 'second_factor_added' | 'second_factor_removed' | 'recovery_codes_replaced',
  ): Promise<void> {
    const { email: to, emailKey } = await this.users.identity();
    await this.events.record({ action, outcome: 'success' }, emailKey);
    this.mail.send({ to, template });
  }
}

function alreadyActive(): Problem {
  return new Problem('conflict', {
    detail: 'You have a second factor. Remove it first to set up another one.',
  });
}

function notActive(): Problem {
  return new Problem('not_found', { detail: 'You have no second factor.' });
}
