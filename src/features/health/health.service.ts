import { Injectable } from '@nestjs/common';
import { Problem, Readiness } from '../../core/http/index.ts';
import { HealthRepository } from './health.repository.ts';

@Injectable()
export class HealthService {
  constructor(
    private readonly readiness: Readiness,
    private readonly repository: HealthRepository,
  ) {}

  /** @throws Problem unavailable while the process goes out of service or the database does not answer */
  async assertReady(): Promise<void> {
    if (this.readiness.draining) throw new Problem('unavailable', { detail: 'This server is going out of service.' });
    await this.repository.ping().catch((cause: unknown) => {
      throw new Problem('unavailable', { detail: 'The database does not answer.', cause });
    });
  }
}
