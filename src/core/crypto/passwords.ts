import { hash, verify } from '@node-rs/argon2';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomToken } from './tokens.ts';

/** OWASP Password Storage Cheat Sheet: argon2id (the library's default) with 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** In KiB; argon2 takes no less for one lane. */
const LEAST_MEMORY = 8;

interface Cost {
  readonly memoryCost: number;
  readonly timeCost: number;
}

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
    const { memoryCost, timeCost } = costOf(encoded);
    return memoryCost < PARAMETERS.memoryCost || timeCost < PARAMETERS.timeCost;
  }

  /**
   * @param encoded what `hash` returned, or null where the account is unknown or has no password
   * @returns whether the password is right; never true without an `encoded`, and not sooner either
   */
  async verify(encoded: string | null, password: string): Promise<boolean> {
    const matches = await verify(encoded ?? this.#decoy, normalizePassword(password));
    if (encoded === null) return false;
    if (!matches) await this.#makeUpFor(costOf(encoded), password);
    return matches;
  }

  /** Works as much longer as a weaker hash was sooner compared: else it would tell that there is an account, and an old one. */
  async #makeUpFor({ memoryCost, timeCost }: Cost, password: string): Promise<void> {
    const missing = PARAMETERS.memoryCost - Math.ceil((memoryCost * timeCost) / PARAMETERS.timeCost);
    if (missing < LEAST_MEMORY) return;
    await hash(normalizePassword(password), { ...PARAMETERS, memoryCost: missing });
  }
}

/** @returns what a hash of this form cost; nothing where it has another form */
function costOf(encoded: string): Cost {
  const [, memoryCost, timeCost] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(encoded) ?? [];
  return { memoryCost: Number(memoryCost ?? 0), timeCost: Number(timeCost ?? 0) };
}

/** @returns the one form (NFKC) of what different keyboards send for the same password; NIST SP 800-63B, 3.1.1.2 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}
