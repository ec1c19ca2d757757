import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import { type FieldError, Problem, validationProblem } from '../../core/http/index.ts';
import { SecondFactor } from '../second-factor/index.ts';
import { SecurityEvents, UsersService } from '../users/index.ts';
import { PasswordAttempts } from './password-attempts.ts';
import { type AuthenticationMethod, methodsOf, SessionsService } from './sessions.service.ts';

const PASSWORD = '/password';
const CODE = '/code';
const INSTEAD = 'Sign in again, by a mailed link for one.';

/** What somebody shows to prove who they are: one of the two. */
export interface StepUpProof {
  readonly password?: string | undefined;
  readonly code?: string | undefined;
}

/** Who is signed in proves anew who they are, for what takes a proof of the last ten minutes (ASVS 5.0, 7.5.1). */
@Injectable()
export class StepUpService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly attempts: PasswordAttempts,
    private readonly secondFactor: SecondFactor,
    private readonly sessions: SessionsService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Renews the proof of the session that is called from.
   * @throws Problem step_up_required where nobody but another issuer could; validation_failed for a wrong proof, or none, or
   * two; rate_limited after too many wrong ones; unauthenticated where the session has ended meanwhile
   */
  async stepUp({ password, code }: StepUpProof): Promise<void> {
    if (!(await this.sessions.isRenewable())) throw notRenewableHere();
    if (password !== undefined && code !== undefined)
      throw invalid(CODE, 'exclusive', 'must not be given with password');
    if (password !== undefined) await this.#byPassword(password);
    else if (code !== undefined) await this.#byCode(code);
    else throw invalid(PASSWORD, 'required', 'must be given, or else code');
  }

  async #byPassword(password: string): Promise<void> {
    const user = await this.users.identity();
    const credentials = await this.attempts.ownCredentials(user);
    if (credentials.passwordHash === null) {
      throw invalid(PASSWORD, 'not_set', `must be left out: you have none. ${INSTEAD}`);
    }
    const proved = await this.attempts.proveOwn(credentials, password, 'auth.step_up_failed', PASSWORD);
    await this.database.transaction(async () => {
      // Another password ends the sessions that know the old one, and this one must not go on by it.
      await this.attempts.acceptOwn(proved);
      await this.#recordProof(['pwd'], user.emailKey);
    });
  }

  async #byCode(code: string): Promise<void> {
    if (!(await this.secondFactor.isActive())) {
      throw invalid(CODE, 'not_set', `must be left out: you have no second factor. ${INSTEAD}`);
    }
    const proved = await this.secondFactor.prove(code, 'auth.step_up_failed');
    await this.database.transaction(async () => {
      await this.#recordProof(methodsOf(await this.secondFactor.accept(proved)));
    });
  }

  async #recordProof(methods: readonly AuthenticationMethod[], emailKey?: string): Promise<void> {
    const sessionId = await this.sessions.recordProof(methods);
    await this.events.record({ action: 'auth.stepped_up', outcome: 'success', sessionId }, emailKey);
  }
}

function invalid(pointer: string, code: FieldError['code'], detail: string): Problem {
  return validationProblem([{ pointer, code, detail }]);
}

/** Whether it was the person is for the issuer to say, and it never does. */
function notRenewableHere(): Problem {
  return new Problem('step_up_required', {
    detail: 'This session is of another service, which does not tell when you proved who you are. Sign in anew there.',
  });
}
