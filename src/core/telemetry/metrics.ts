import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * The metrics of this application. Whoever has something to count makes it with `registers: [metrics.registry]`; labels
 * come from small fixed sets, never from data.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** @returns all metrics in Prometheus' text format */
  exposition(): Promise<string> {
    return this.registry.metrics();
  }
}
