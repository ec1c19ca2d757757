import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type OnModuleInit,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { catchError, type Observable } from 'rxjs';
import { ACCESS_KEY, type AccessRule, ORGANIZATION_PARAMETER } from '../access/access.decorator.ts';
import { databaseFault } from '../database/faults.ts';
import { Precondition, takesPrecondition } from './etag.ts';
import { type Handler, handlersOf, parametersIn } from './handlers.ts';
import { hasMalformedId } from './parameters.ts';
import { Problem } from './problem.ts';
import { problems } from './problems.ts';

/** Who knows the row that a path names: a service. */
export interface Resources {
  /**
   * @param ids those of the path, in its order, without the organisation's
   * @returns the row's version, 0 where it has none; undefined where the caller sees no such row
   */
  versionOf(...ids: string[]): Promise<number | undefined>;
}

const RESOURCE_KEY = 'tenantry:resource';

/**
 * Says who knows the row that a handler is about; on a controller, for all its handlers. It is asked only when the input is
 * refused, because what is wrong with the row is told first.
 */
export function Resource(service: Type<Resources>): ClassDecorator & MethodDecorator {
  return SetMetadata(RESOURCE_KEY, service);
}

const HEADERS_KEY = 'tenantry:headers';

/**
 * On a handler that takes a header which no other does: what refuses it. Asked once the request has been let in, before
 * body and query are looked at.
 */
export function JudgesHeaders(judge: (request: FastifyRequest) => void): MethodDecorator {
  return SetMetadata(HEADERS_KEY, judge);
}

/** Refusals of the input, whoever found what is wrong with it. */
const INPUT_REFUSED: readonly number[] = [problems.bad_request.status, problems.validation_failed.status];

/** A statement came after one that failed: PostgreSQL takes none until the transaction ends. */
const TRANSACTION_FAILED = '25P02';

/**
 * The order in which faults of a request are told where several come together: the row that is not there, a header that can't
 * be read, another version, and only then what is wrong with body and query. A request that is in order pays nothing for it. The
 * application does not start while a route is about a row and nobody is named who knows it.
 */
@Injectable()
export class Judgement implements NestInterceptor, OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  /** @throws Error for a route about a row that names no @Resource, or one that is not provided */
  onModuleInit(): void {
    for (const route of handlersOf(this.discovery, this.scanner)) {
      if (!this.#isAboutRow(route)) continue;
      const service = this.#serviceOf(route.handler, route.controller);
      if (!service) throw new Error(`${route.label} has no @Resource: say who knows the row that it is about`);
      this.modules.get(service, { strict: false });
    }
  }

  #isAboutRow({ handler, path }: Handler): boolean {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_KEY, handler);
    return rule?.kind !== 'public' && (rowParametersIn(path).length > 0 || takesPrecondition(handler));
  }

  #serviceOf(handler: Function, controller: Function): Type<Resources> | undefined {
    return this.reflector.getAllAndOverride<Type<Resources> | undefined>(RESOURCE_KEY, [handler, controller]);
  }

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    this.#judgeHeaders(context);
    return next.handle().pipe(catchError((error: unknown) => this.#judged(context, error)));
  }

  /** @throws Problem bad_request of a header that the handler alone takes */
  #judgeHeaders(context: ExecutionContext): void {
    type Judge = Parameters<typeof JudgesHeaders>[0];
    const judge = this.reflector.get<Judge | undefined>(HEADERS_KEY, context.getHandler());
    judge?.(context.switchToHttp().getRequest<FastifyRequest>());
  }

  async #judged(context: ExecutionContext, error: unknown): Promise<never> {
    if (!(error instanceof Problem) || !INPUT_REFUSED.includes(error.status)) throw error;
    throw await this.before(context, error);
  }

  /**
   * @param refusal of the input: 400 for a header or cursor, 422 for body or query
   * @returns what the caller is told: the refusal, or what is judged before it
   */
  async before(context: ExecutionContext, refusal: Problem): Promise<Problem> {
    try {
      await this.#judge(context, refusal);
      return refusal;
    } catch (error) {
      if (error instanceof Problem) return error;
      // It was the handler whose statement failed, and the handler looks at its row first.
      if (databaseFault(error)?.sqlState === TRANSACTION_FAILED) return refusal;
      throw error;
    }
  }

  /** @throws Problem not_found, bad_request, precondition_failed */
  async #judge(context: ExecutionContext, refusal: Problem): Promise<void> {
    const [handler, request] = [context.getHandler(), context.switchToHttp().getRequest<FastifyRequest>()];
    if (hasMalformedId(handler, request.params)) throw new Problem('not_found');
    const ids = rowIdsOf(request);
    if (ids.length === 0 && !takesPrecondition(handler)) return;
    const service = this.#serviceOf(handler, context.getClass());
    if (!service) return; // A public route, which shows nobody's rows.
    const version = await this.modules.get<Resources>(service, { strict: false }).versionOf(...ids);
    if (version === undefined) throw new Problem('not_found');
    const isHeader = refusal.status === problems.bad_request.status;
    if (!isHeader && takesPrecondition(handler)) new Precondition(request.headers['if-match']).verify(version);
  }
}

function rowParametersIn(path: string): string[] {
  return parametersIn(path).filter((name) => name !== ORGANIZATION_PARAMETER);
}

function rowIdsOf({ params, routeOptions }: FastifyRequest): string[] {
  return rowParametersIn(routeOptions.url ?? '').map((name) => String(Reflect.get(Object(params), name)));
}
