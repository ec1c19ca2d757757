import { Injectable } from '@nestjs/common';

/** Whether this process still takes work. */
@Injectable()
export class Readiness {
  private isDraining = false;

  get draining(): boolean {
    return this.isDraining;
  }

  /** From now on `/health/ready` and every new request get 503, so that a balancer turns elsewhere; not undone. */
  drain(): void {
    this.isDraining = true;
  }
}
