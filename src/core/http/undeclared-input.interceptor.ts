import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { type FieldError, validationProblem } from './problem.ts';
import { isObject } from './rules.ts';

interface Declared {
  readonly body: boolean;
  readonly query: boolean;
}

const UNKNOWN = { code: 'unknown', detail: 'is not a field of this request' };

/** Refuses input to a route that declares none; where a class is declared, the pipe refuses what is not in it. */
export class UndeclaredInputInterceptor implements NestInterceptor {
  readonly #declared = new WeakMap<object, Declared>();

  /** @throws Problem validation_failed */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { body, query } = context.switchToHttp().getRequest<FastifyRequest>();
    const declared = this.#declaredBy(context);
    const errors: FieldError[] = [
      ...(declared.query ? [] : namesIn(query).map((parameter) => ({ parameter, ...UNKNOWN }))),
      ...(declared.body ? [] : namesIn(body).map((name) => ({ pointer: `/${name}`, ...UNKNOWN }))),
    ];
    if (errors.length > 0) throw validationProblem(errors);
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
