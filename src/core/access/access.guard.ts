import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import jwt from 'jsonwebtoken';
import { runInContext } from '../context/context.ts';
import { Scope } from '../database/index.ts';
import { hasMalformedId } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import { isId } from '../http/rules.ts';
import { RequestLimits } from '../limits/index.ts';
import {
  ACCESS_KEY,
  type AccessRule,
  asksForStepUp,
  BY_COOKIE_KEY,
  type IsByCookie,
  ORGANIZATION_PARAMETER,
  TEAM_PARAMETER,
} from './access.decorator.ts';
import type { AccessClaims } from './access-token.ts';
import { ACCESS_TOKEN_STRATEGY } from './access-token.strategy.ts';
import { ClaimsCache } from './claims-cache.ts';
import { credentialOf } from './credential.ts';
import { Origins } from './origins.ts';
import { OutsideTokens } from './outside-tokens.ts';
import { permissions } from './permissions.ts';
import { requestInfo, WITHIN_MS } from './request-info.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose rows this request may see: what the guard asks for, and the database grants or refuses. */
    scope?: Scope;
    user?: AccessClaims;
    /** Set where the guard has asked somebody who calls: the handler gets what that has left of the time. */
    deadline?: number;
    /** What the guard has found wrong with it, to be told once its session has been judged. */
    refusal?: Problem | undefined;
  }
}

/** For whom being a member is enough. */
const NO_PERMISSION = { permission: null, systemRoles: [], teamRoles: [] };

/** Nothing has it: a malformed id is judged like one that does not exist, after the session. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * The one guard, on every route. It decides who is calling, by the handler's rule and never by the URL's text, and writes
 * down the scope that the route asks for; `app.enter` judges it with the first statement.
 */
@Injectable()
export class AccessGuard extends AuthGuard(ACCESS_TOKEN_STRATEGY) {
  constructor(
    private readonly reflector: Reflector,
    private readonly cache: ClaimsCache,
    private readonly limits: RequestLimits,
    private readonly origins: Origins,
    private readonly outside: OutsideTokens,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_KEY, context.getHandler());
    if (!rule) throw new Problem('permission_denied', { cause: new Error('a route without @Access was reached') });
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (rule.kind === 'public' && !(rule.orSignedIn && credentialOf(request).isShown)) {
      request.scope = Scope.public();
      request.refusal = this.#forgery(rule, context, request);
      return true;
    }
    const claims = await this.#claims(context, request);
    this.limits.countCaller(claims.userId, context.switchToHttp().getResponse<FastifyReply>());
    request.refusal = this.#forgery(rule, context, request);
    // A forged request is asked for its session, which is judged before, and learns nothing of the organisation.
    request.scope = request.refusal ? ownScope(claims) : this.#scopeOf(rule, claims, context);
    return true;
  }

  #scopeOf(rule: AccessRule, claims: AccessClaims, context: ExecutionContext): Scope {
    const stepUp = asksForStepUp(this.reflector, context.getHandler());
    const { userId, sessionId } = claims;
    const isInOrganization = rule.kind === 'member' || rule.kind === 'permission';
    const organizationId = isInOrganization ? organizationOf(context) : null;
    const teamId = teamOf(context);
    const asked =
      rule.kind === 'permission' ? { ...rule, ...permissions[rule.permission] } : { ...rule, ...NO_PERMISSION };
    return Scope.admission({ userId, sessionId, organizationId, teamId, stepUp, ...asked });
  }

  #forgery(rule: AccessRule, context: ExecutionContext, request: FastifyRequest): Problem | undefined {
    const isForged = this.#isByCookie(rule, context, request) && !this.origins.allows(request);
    return isForged ? new Problem('csrf_failed') : undefined;
  }

  async #claims(context: ExecutionContext, request: FastifyRequest): Promise<AccessClaims> {
    const { token } = credentialOf(request);
    const known = this.cache.find(token);
    if (known) return known;
    const claims = (await this.#fromOutside(token, request)) ?? (await this.#verified(context, request));
    this.cache.keep(token, claims);
    return claims;
  }

  /** At the first sight of a token the database is asked whose it is: for nobody yet, and in time for an answer. */
  #fromOutside(token: string, request: FastifyRequest): Promise<AccessClaims | undefined> {
    request.deadline = performance.now() + WITHIN_MS;
    const context = { request: requestInfo(request), scope: Scope.public(), deadline: request.deadline };
    return runInContext(context, () => this.outside.judge(token));
  }

  async #verified(context: ExecutionContext, request: FastifyRequest): Promise<AccessClaims> {
    await super.canActivate(context);
    if (!request.user) throw new Problem('unauthenticated');
    return request.user;
  }

  /** Whether it takes nothing to have a browser send the request: then it matters who had it sent. */
  #isByCookie(rule: AccessRule, context: ExecutionContext, request: FastifyRequest): boolean {
    const takesCredential = rule.kind !== 'public' || rule.orSignedIn;
    if (takesCredential && credentialOf(request).byCookie) return true;
    return this.reflector.get<IsByCookie | undefined>(BY_COOKIE_KEY, context.getHandler())?.(request) ?? false;
  }

  /** What passport found, in the words of the contract. */
  override handleRequest<T>(error: unknown, claims: T | false, info: unknown): T {
    if (claims) return claims;
    throw new Problem(info instanceof jwt.TokenExpiredError ? 'token_expired' : 'unauthenticated', {
      cause: error ?? info,
    });
  }
}

function ownScope({ userId, sessionId }: AccessClaims): Scope {
  return Scope.admission({ userId, sessionId, organizationId: null, permission: null, systemRoles: [] });
}

/** A malformed id anywhere in the path is told before what the caller may not do there, as if nobody had the organisation. */
function organizationOf(context: ExecutionContext): string {
  const { params } = context.switchToHttp().getRequest<FastifyRequest>();
  const id: unknown = Reflect.get(Object(params), ORGANIZATION_PARAMETER);
  return isId(id) && !hasMalformedId(context.getHandler(), params) ? id : NOBODY;
}

/** @returns undefined where the path names none */
function teamOf(context: ExecutionContext): string | undefined {
  const { params } = context.switchToHttp().getRequest<FastifyRequest>();
  const id: unknown = Reflect.get(Object(params), TEAM_PARAMETER);
  if (id === undefined) return undefined;
  return isId(id) ? id : NOBODY;
}
