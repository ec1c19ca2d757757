import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { RouteOption } from '../http/route-option.ts';
import { SignInLimit } from './sign-in-limit.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    limitsSignIn?: boolean;
  }
}

/**
 * On a public handler that compares a secret which somebody may guess, or that costs much (a password's hash, a mail). Not
 * on one that takes a long random token and does little: an office would meet the limit by working. The handler has to take
 * a body that can't be empty: a request without one is not counted.
 */
export function LimitsSignIn(): MethodDecorator {
  return RouteOption({ limitsSignIn: true });
}

@Injectable()
export class SignInLimitInterceptor implements NestInterceptor {
  constructor(private readonly limit: SignInLimit) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (isCounted(request)) await this.limit.count(request, http.getResponse<FastifyReply>());
    return next.handle();
  }
}

/**
 * Any page can have the browsers of its visitors send a POST without a body, unasked, and would use up the attempts of all who
 * share an address with one of them. It guesses nothing; a body is JSON, and a browser asks before it sends that.
 */
function isCounted({ routeOptions, body }: FastifyRequest): boolean {
  return routeOptions.config.limitsSignIn === true && body !== undefined;
}
