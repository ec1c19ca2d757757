import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { v7 as uuid } from 'uuid';
import type { Config } from '../../config/index.ts';
import type { RequestLimits } from '../limits/request-limits.ts';
import type { RequestObserver } from '../telemetry/request-observer.ts';
import { acceptJsonOnly, limitBody, missingBody } from './body.ts';
import { answerClientError, watchConnections } from './client-error.ts';
import { compressAnswer } from './compression.ts';
import { decorateAnswer, tagAnswer } from './answer.ts';
import { Cors } from './cors.ts';
import { tellDeprecation } from './deprecated.decorator.ts';
import { setStandardHeaders } from './headers.ts';
import { originForm } from './origin-form.ts';
import { lowerPathIds } from './parameters.ts';
import { Problem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import type { RouteTable } from './route-table.ts';
import { finishBeforeClosing } from './stopping.ts';

const BODY_LIMIT_BYTES = 256 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
/** As long as a URL can be, each byte of it escaped: what is no id is to be judged in its turn, not by the router. */
const PARAMETER_LIMIT = 3 * HEADER_LIMIT_BYTES;
const HEADERS_TIMEOUT_MS = 5_000;
/** For the whole request to arrive; a slow body is cut here. */
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** Of silence on a connection that is in use. */
const CONNECTION_TIMEOUT_MS = 30_000;
/** Longer than the usual minute of a balancer, so that it is never we who close a connection it is about to use. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface ServerParts {
  readonly config: Config;
  readonly limits: RequestLimits;
  readonly observer: RequestObserver;
  readonly readiness: Readiness;
  readonly routes: RouteTable;
}

/** The Fastify server under Nest, with everything that happens before a route's own code. */
export function createServer(parts: ServerParts): FastifyAdapter {
  const cors = new Cors(parts.config.corsOrigins);
  const adapter = new FastifyAdapter({
    trustProxy: parts.config.trustedProxies.length > 0 ? [...parts.config.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: true,
    return503OnClosing: false, // The problem of `faultOf` answers instead.
    http: {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      requireHostHeader: false, // Node's own answer to a missing Host has no body; `faultOf` gives one.
    },
    rewriteUrl: routable,
    genReqId: requestId,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, parts.config.isProduction),
  });
  addHooks(adapter.getInstance(), cors, parts);
  return adapter;
}

function addHooks(
  server: FastifyInstance,
  cors: Cors,
  { config, limits, observer, readiness, routes }: ServerParts,
): void {
  acceptJsonOnly(server);
  finishBeforeClosing(server);
  watchConnections(server.server, config.isProduction);
  server.addHook('onRoute', (route) => routes.add(route));
  server.addHook('onRoute', limitBody);
  server.addHook('onRequest', (request, reply, done) => {
    observer.observe(request, reply);
    limits.countAddress(request, reply);
    if (cors.isPreflight(request)) cors.answerPreflight(request, reply);
    else done(faultOf(request, readiness));
  });
  server.addHook('preValidation', (request, _reply, done) => {
    lowerPathIds(request);
    done();
  });
  // The excess of a request without a body, which no parser has seen.
  server.addHook('preValidation', (request, _reply, done) => done(missingBody(request) ?? request.excess));
  server.addHook('preSerialization', (_request, reply, payload, done) => done(null, decorateAnswer(reply, payload)));
  server.addHook('onSend', (request, reply, payload, done) => {
    setStandardHeaders(request, reply, config.isProduction);
    cors.share(request, reply);
    tellDeprecation(request, reply);
    // A connection that is kept for the next request would hold up the stop that is waiting for this one.
    if (readiness.draining) void reply.header('connection', 'close');
    done(null, compressAnswer(request, reply, tagAnswer(request, reply, payload)));
  });
  // A request that expects something unknown is served like any other (RFC 9110, 10.1.1), not refused without a body.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
}

/**
 * What the router is asked for. It gives up before any hook where it can't decode that; so it is asked for what it can, and
 * `faultOf` refuses the request by its original.
 */
function routable({ url: asked = '/' }: { readonly url?: string | undefined }): string {
  const url = originForm(asked);
  return isDecodable(url) ? url : url.replaceAll('%', '%25');
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuid();
}

function faultOf(request: FastifyRequest, readiness: Readiness): Problem | undefined {
  if (readiness.draining && !request.url.startsWith('/health/')) {
    return new Problem('unavailable', {
      detail: 'This server is going out of service. Try again; another one answers.',
    });
  }
  if (!hasOneHost(request.raw)) {
    return new Problem('bad_request', { detail: 'Send exactly one Host header.' });
  }
  if (count(request.raw, 'authorization') > 1) {
    return new Problem('bad_request', { detail: 'Send one Authorization header at most.' });
  }
  if (!isDecodable(request.originalUrl)) {
    return new Problem('bad_request', { detail: 'The URL is not percent-encoded as RFC 3986 asks. Correct it.' });
  }
  return undefined;
}

/** RFC 9112, 3.2: whoever sees the first and whoever sees the last of two hosts would serve different sites. */
function hasOneHost(request: IncomingMessage): boolean {
  const hosts = count(request, 'host');
  return hosts === 1 || (hosts === 0 && request.httpVersion === '1.0');
}

/** Of two headers Node keeps one, and who stands in front of us may have gone by the other. */
function count({ rawHeaders }: IncomingMessage, header: string): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === header).length;
}

function isDecodable(url: string): boolean {
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
