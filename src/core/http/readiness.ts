import { Injectable } from '@nestjs/common';

/** Whether this process still takes work. */
@Injectable()
export class Readiness {
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on `/health/ready` and every new request get 503, so that a balancer turns elsewhere; not undone. */
  drain(): void {
    this.#draining = true;
  }
}
