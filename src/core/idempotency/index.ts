export { IdempotencyInterceptor } from './idempotency.interceptor.ts';
export { IdempotencyModule } from './idempotency.module.ts';
export { Reading } from './reading.decorator.ts';
export { SingleUse } from './single-use.decorator.ts';
