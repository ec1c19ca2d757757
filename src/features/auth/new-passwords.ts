import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { Passwords } from '../../core/crypto/index.ts';
import { validationProblem } from '../../core/http/index.ts';
import { passwordFaults } from './password.policy.ts';

/** Passwords that people choose. */
@Injectable()
export class NewPasswords {
  constructor(
    private readonly config: Config,
    private readonly passwords: Passwords,
  ) {}

  /**
   * @param known what anybody knows of the person: address, name
   * @param pointer to the member that holds the password
   * @returns its hash
   * @throws Problem validation_failed for a poor one
   */
  async hash(password: string, known: readonly string[], pointer = '/password'): Promise<string> {
    const faults = passwordFaults(password, [...known, this.config.appName]);
    if (faults.length > 0) throw validationProblem(faults.map((fault) => ({ ...fault, pointer })));
    return this.passwords.hash(password);
  }
}
