import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CryptoModule } from '../crypto/index.ts';
import { SignInLimit } from './sign-in-limit.ts';
import { SignInLimitInterceptor } from './sign-in-limit.interceptor.ts';

/**
 * The limit of sign-in; the others are in place before a route is found. The application imports it after the access module,
 * in whose scope it asks the database, and before all that judges a request's input.
 */
@Module({
  imports: [CryptoModule],
  providers: [SignInLimit, { provide: APP_INTERCEPTOR, useClass: SignInLimitInterceptor }],
})
export class LimitsModule {}
