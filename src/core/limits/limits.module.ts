import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/index.ts';
import { SignInLimit } from './sign-in-limit.ts';
import { SignInLimitInterceptor } from './sign-in-limit.interceptor.ts';

/** The limit of sign-in; the others are in place before a route is found. */
@Module({
  imports: [CryptoModule],
  providers: [SignInLimit, SignInLimitInterceptor],
  exports: [SignInLimitInterceptor],
})
export class LimitsModule {}
