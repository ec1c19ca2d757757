import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';

declare module 'fastify' {
  interface FastifyContextConfig {
    unlimited?: boolean;
  }
}

/** On a handler that answers however many requests there are. @param why what makes that necessary and safe */
export function Unlimited(why: string): MethodDecorator {
  return applyDecorators(RouteConfig({ unlimited: true }), ApiExtension('x-unlimited', why));
}
