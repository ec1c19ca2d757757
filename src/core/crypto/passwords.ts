import { hash, verify } from '@node-rs/argon2';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomToken } from './tokens.ts';

/** OWASP Password Storage Cheat Sheet: argon2id (the library's default) with 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes passwords, and compares them in the same time whether or not there is anything to compare with. */
@Injectable()
export class Passwords implements OnModuleInit {
  /** Nobody's password: what is compared with where there is no account. */
  #decoy: string;

  async onModuleInit(): Promise<void> {
    this.#decoy = await this.hash(randomToken());
  }

  /** @returns argon2id in PHC string format, which names its parameters */
  async hash(password: string): Promise<string> {
    return hash(normalizePassword(password), PARAMETERS);
  }

  /** @returns whether `hash` makes stronger ones by now than this one of its own */
  isOutdated(encoded: string): boolean {
    const [, memoryCost, timeCost] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(encoded) ?? [];
    return !(Number(memoryCost) >= PARAMETERS.memoryCost && Number(timeCost) >= PARAMETERS.timeCost);
  }

  /**
   * @param encoded what `hash` returned, or null where the account is unknown or has no password
   * @returns whether the password is right; never true without an `encoded`, and not sooner either
   */
  async verify(encoded: string | null, password: string): Promise<boolean> {
    const matches = await verify(encoded ?? this.#decoy, normalizePassword(password));
    return matches && encoded !== null;
  }
}

/** @returns the one form (NFKC) of what different keyboards send for the same password; NIST SP 800-63B, 3.1.1.2 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}
