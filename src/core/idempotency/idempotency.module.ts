import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/index.ts';
import { HttpModule } from '../http/http.module.ts';
import { IdempotencyInterceptor } from './idempotency.interceptor.ts';
import { KeptAnswers } from './kept-answers.ts';
import { Sweep } from './sweep.ts';

/** One effect for a POST with an `Idempotency-Key`. */
@Module({
  imports: [CryptoModule, HttpModule],
  providers: [KeptAnswers, Sweep, IdempotencyInterceptor],
  exports: [IdempotencyInterceptor],
})
export class IdempotencyModule {}
