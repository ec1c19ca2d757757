import { Injectable } from '@nestjs/common';
import { Problem, Readiness } from '../../core/http/index.ts';
import { HealthRepository } from './health.repository.ts';

@Injectable()
export class HealthService {
  /** While the database is asked. */
  #asking: Promise<void> | undefined;

  constructor(
    private readonly readiness: Readiness,
    private readonly repository: HealthRepository,
  ) {}

  /** @throws Problem unavailable while the process goes out of service or the database does not answer */
  async assertReady(): Promise<void> {
    if (this.readiness.draining) throw new Problem('unavailable', { detail: 'This server is going out of service.' });
    await this.#databaseAnswers().catch((cause: unknown) => {
      throw new Problem('unavailable', { detail: 'The database does not answer.', cause });
    });
  }

  /** However many ask at a time, and nothing limits them, the database is asked once. */
  #databaseAnswers(): Promise<void> {
    this.#asking ??= this.repository.ping().finally(() => (this.#asking = undefined));
    return this.#asking;
  }
}
