import { TOTP } from 'otpauth';
import type { Actor } from './actors.ts';
import type { Client } from './client.ts';
import type { TestApp } from './app.ts';

const STEP_MS = 30_000;

/** What the hash below is of, as it is shown. */
export const RECOVERY_CODE = '0000-0000-0000';
const RECOVERY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$O+JsPlF11K2KPyR/eAlokA$q7g4yxdzxfzWFFfZjiDyS0c//2ULzGWKB7/D6yucB+A';

/** Somebody's authenticator app. */
export class TestFactor {
  private constructor(
    private readonly app: TestApp,
    private readonly api: Client,
    readonly secret: string,
  ) {}

  static async enroll(app: TestApp, api: Client): Promise<TestFactor> {
    const { body } = await api.post('/me/mfa/totp').expect(200);
    return new TestFactor(app, api, body.secret);
  }

  /** One that asks for codes, none of which was used yet, with `RECOVERY_CODE`: rows as activation leaves them, without the ten hashes. */
  static async active(app: TestApp, { api, userId }: Pick<Actor, 'api' | 'userId'>): Promise<TestFactor> {
    const factor = await TestFactor.enroll(app, api);
    await app.database.query('update totp_secrets set activated_at = now(), last_step = 0 where user_id = $1', [
      userId,
    ]);
    await app.database.query('insert into recovery_codes (user_id, number, hash) values ($1, 0, $2)', [
      userId,
      RECOVERY_HASH,
    ]);
    return factor;
  }

  /** @param steps from the present one */
  code(steps = 0): string {
    const timestamp = this.app.clock.now().getTime() + steps * STEP_MS;
    return new TOTP({ secret: this.secret }).generate({ timestamp });
  }

  /** Spends the code of the step before, so that the present one is left. @returns the recovery codes */
  async activate(): Promise<string[]> {
    const { body } = await this.api.post('/me/mfa/totp/activate', { code: this.code(-1) }).expect(200);
    return body.recovery_codes;
  }
}
