import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { MAXIMUM_FAULTS, unknownMember, unknownParameter } from './input-faults.ts';
import { validationProblem } from './problem.ts';
import { isObject } from './rules.ts';

interface Declared {
  readonly body: boolean;
  readonly query: boolean;
}

/** Refuses input to a route that declares none; where a class is declared, the pipe refuses what is not in it. */
export class UndeclaredInputInterceptor implements NestInterceptor {
  readonly #declared = new WeakMap<object, Declared>();

  /** @throws Problem validation_failed */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body, query } = context.switchToHttp().getRequest<FastifyRequest>();
    const declared = this.#declaredBy(context);
    const errors = [
      ...(declared.query ? [] : namesIn(query).map(unknownParameter)),
      ...(declared.body ? [] : namesIn(body).map((name) => unknownMember([name]))),
    ];
    if (errors.length > 0) throw validationProblem(errors.slice(0, MAXIMUM_FAULTS));
    return next.handle();
  }

  #declaredBy(context: ExecutionContext): Declared {
    const handler = context.getHandler();
    const known = this.#declared.get(handler);
    if (known) return known;
    const parameters: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name);
    const declares = (type: RouteParamtypes) => namesIn(parameters).some((key) => key.startsWith(`${type}:`));
    const declared = { body: declares(RouteParamtypes.BODY), query: declares(RouteParamtypes.QUERY) };
    this.#declared.set(handler, declared);
    return declared;
  }
}

function namesIn(input: unknown): string[] {
  return isObject(input) ? Object.keys(input) : [];
}
