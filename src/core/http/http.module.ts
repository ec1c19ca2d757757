import { Module } from '@nestjs/common';
import { ProblemsController } from './problems.controller.ts';

/** The routes that the machinery itself has; everything else of it is put in place by `createApplication`. */
@Module({ controllers: [ProblemsController] })
export class HttpModule {}
