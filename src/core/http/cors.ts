import type { INestApplication } from '@nestjs/common';

const EXPOSED_HEADERS = [
  'ETag',
  'Location',
  'Link',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Idempotency-Replayed',
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What a browser may remember a preflight; more than this, Chromium does not. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

type Decision = (error: Error | null, origin: string | false) => void;

/** The configured origins alone, with credentials; `*`, which production refuses, means any. */
export function enableCors(app: INestApplication, origins: readonly string[]): void {
  const allowed = new Set(origins);
  app.enableCors({
    origin: (origin: string | undefined, decide: Decision) => {
      decide(null, origin !== undefined && (allowed.has(origin) || allowed.has('*')) ? origin : false);
    },
    credentials: true,
    exposedHeaders: EXPOSED_HEADERS,
    methods: METHODS,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    strictPreflight: false, // Its refusal would be plain text; an OPTIONS that is no preflight gets the router's 405.
  });
}
