import { RouteOption } from '../http/route-option.ts';
import { applyDecorators } from '@nestjs/common';

import { ApiExtension } from '@nestjs/swagger';

declare module 'fastify' {
  interface FastifyContextConfig {
    unlimited?: boolean;
  }
}

/** On a handler that answers however many requests there are. @param why what makes that necessary and safe */
export function Unlimited(why: string): MethodDecorator {
  return applyDecorators(RouteOption({ unlimited: true }), ApiExtension('x-unlimited', why));
}
