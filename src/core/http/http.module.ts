import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { CryptoModule } from '../crypto/index.ts';
import { Judgement } from './judgement.ts';
import { PagesInterceptor } from './pages.interceptor.ts';
import { ProblemsController } from './problems.controller.ts';
import { UndeclaredInputInterceptor } from './undeclared-input.interceptor.ts';

/** The routes that the machinery itself has; everything else of it is put in place by `createApplication`. */
@Module({
  imports: [DiscoveryModule, CryptoModule],
  controllers: [ProblemsController],
  // The order counts: each sees what those below it refuse. `AppModule` puts others around them.
  providers: [
    Judgement,
    { provide: APP_INTERCEPTOR, useExisting: Judgement },
    { provide: APP_INTERCEPTOR, useClass: PagesInterceptor },
    { provide: APP_INTERCEPTOR, useClass: UndeclaredInputInterceptor },
  ],
  exports: [Judgement],
})
export class HttpModule {}
