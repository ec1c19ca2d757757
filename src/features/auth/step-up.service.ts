import { Injectable } from '@nestjs/common';
import { Database } from '../../core/database/index.ts';
import { type FieldError, Problem, validationProblem } from '../../core/http/index.ts';
import { SecondFactor } from '../second-factor/index.ts';
import { SecurityEvents, type UserIdentity, UsersService } from '../users/index.ts';
import { PasswordAttempts } from './password-attempts.ts';
import { type AuthenticationMethod, methodsOf, SessionsService } from './sessions.service.ts';

const PASSWORD = '/password';
const CODE = '/code';

/** What somebody shows to prove who they are: one of the two. */
export interface Proof {
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
  async stepUp({ password, code }: Proof): Promise<void> {
    if (!(await this.sessions.isRenewable())) throw outside();
    if (password !== undefined && code !== undefined)
      throw invalid(CODE, 'exclusive', 'must not be given with password');
    if (password !== undefined) await this.#byPassword(password);
    else if (code !== undefined) await this.#byCode(code);
    else throw invalid(PASSWORD, 'required', 'must be given, or else code');
  }

  async #byPassword(password: string): Promise<void> {
    const user = await this.users.identity();
    const identity = { address: user.email, key: user.emailKey };
    const { passwordHash } = await this.attempts.credentialsOf(identity);
    if (passwordHash === null) throw invalid(PASSWORD, 'not_set', `must be left out: you have none. ${INSTEAD}`);
    const proved = await this.attempts.prove(identity, password, 'auth.step_up_failed');
    if (!proved) throw wrongPassword();
    await this.database.transaction(async () => {
      // Another password ends the sessions that know the old one, and this one must not go on by it.
      if (!(await this.attempts.accept(proved))) throw wrongPassword();
      await this.#renew(user, ['pwd']);
    });
  }

  async #byCode(code: string): Promise<void> {
    if (!(await this.secondFactor.isActive())) {
      throw invalid(CODE, 'not_set', `must be left out: you have no second factor. ${INSTEAD}`);
    }
    const user = await this.users.identity();
    await this.database.transaction(async () => {
      const method = await this.secondFactor.prove(code, 'auth.step_up_failed');
      await this.#renew(user, methodsOf(method));
    });
  }

  async #renew({ emailKey }: UserIdentity, methods: readonly AuthenticationMethod[]): Promise<void> {
    const sessionId = await this.sessions.renew(methods);
    await this.events.record({ action: 'auth.stepped_up', outcome: 'success', sessionId }, emailKey);
  }
}

const INSTEAD = 'Sign in again, by a mailed link for one.';

function invalid(pointer: string, code: FieldError['code'], detail: string): Problem {
  return validationProblem([{ pointer, code, detail }]);
}

function wrongPassword(): Problem {
  return invalid(PASSWORD, 'wrong', 'must be your password');
}

/** Whether it was the person is for the issuer to say, and it never does. */
function outside(): Problem {
  return new Problem('step_up_required', {
    detail: 'This session is of another service, which does not tell when you proved who you are. Sign in anew there.',
  });
}
