import { Gauge, Histogram, type Registry } from 'prom-client';

/** From a cached read to the bound of an answer. */
const BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10];

export class RequestMetrics {
  readonly #duration: Histogram<'method' | 'route' | 'status'>;
  readonly #running: Gauge;

  constructor(registry: Registry) {
    this.#duration = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Requests by method, route pattern and status, from the last byte of the head to the end of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
    this.#running = new Gauge({
      name: 'http_requests_in_flight',
      help: 'Requests that are not answered yet.',
      registers: [registry],
    });
  }

  started(): void {
    this.#running.inc();
  }

  ended(method: string, route: string, status: number, seconds: number): void {
    this.#running.dec();
    this.#duration.observe({ method, route, status }, seconds);
  }
}
