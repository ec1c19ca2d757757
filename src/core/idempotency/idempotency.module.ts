import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CryptoModule } from '../crypto/index.ts';
import { HttpModule } from '../http/http.module.ts';
import { IdempotencyInterceptor } from './idempotency.interceptor.ts';
import { KeptAnswers } from './kept-answers.ts';
import { Sweep } from './sweep.ts';

/** Inside the scope of the access module, which the application imports before this, and around all that judges the input. */
@Module({
  imports: [CryptoModule, HttpModule],
  providers: [KeptAnswers, Sweep, { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor }],
})
export class IdempotencyModule {}
