import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ProblemsController } from './problems.controller.ts';
import { UndeclaredInputInterceptor } from './undeclared-input.interceptor.ts';

/** The routes that the machinery itself has; everything else of it is put in place by `createApplication`. */
@Module({
  controllers: [ProblemsController],
  // Inside the scope of the access module, which the application imports before this: who may not be here is told first.
  providers: [{ provide: APP_INTERCEPTOR, useClass: UndeclaredInputInterceptor }],
})
export class HttpModule {}
