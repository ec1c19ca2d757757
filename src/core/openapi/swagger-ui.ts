import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { createDocument } from './document.ts';

const PATH = 'docs';
const DOCUMENT = 'openapi.json';
const SCRIPT_PATH = `/${PATH}/session.js`;
/** Swagger UI's sign-in, which browsers run as it is. */
const SCRIPT = readFileSync(new URL('./swagger-ui.session.js', import.meta.url), 'utf8');

/** Its own scripts alone, in nobody's frame, and nothing sent elsewhere. Swagger UI's styles are partly inline. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "form-action 'none'",
  "base-uri 'none'",
].join('; ');

const STYLE = `
  .swagger-ui .topbar { display: none }
  #session { max-width: 1460px; margin: 0 auto; padding: 16px 20px 0; font: 14px sans-serif }
  #session p { margin: 0 }
  #session button { margin-left: 8px }
  #session label { margin-right: 8px }
  #sign-in-message { color: #b3261e }
`;

/** Of `swagger-ui.session.js`. */
declare const session: { outgoing(request: unknown): unknown };

/** Written down in the page word for word: it has to stand on its own there. */
/* istanbul ignore next -- runs in browsers alone, and a counter of ours would not be there */
function requestInterceptor(request: unknown): unknown {
  return session.outgoing(request);
}

/** Outside the folder there is nothing for anybody; the plugin that serves its files would say that it is forbidden. */
function leadsOut({ params }: FastifyRequest): boolean {
  const file: unknown = Reflect.get(Object(params), '*');
  return typeof file === 'string' && file.split(/[\\/]/).includes('..');
}

/** Swagger UI at /docs, from files of our own, and the document at /openapi.json, built when it is first asked for. */
export function serveDocument(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  server.addHook('onRequest', (request, reply, done) => {
    const { url = '' } = request.routeOptions;
    const isPage = url.startsWith(`/${PATH}`);
    reply.compressible = isPage || url === `/${DOCUMENT}`;
    if (isPage) void reply.header('content-security-policy', POLICY);
    done();
  });
  server.addHook('preValidation', (request, _reply, done) => {
    done(leadsOut(request) ? new Problem('not_found') : undefined);
  });
  app.getHttpAdapter().get(SCRIPT_PATH, (_request: unknown, reply: FastifyReply) => {
    void reply.type('text/javascript; charset=utf-8').send(SCRIPT);
  });
  SwaggerModule.setup(PATH, app, () => createDocument(app), {
    jsonDocumentUrl: DOCUMENT,
    raw: ['json'],
    customSiteTitle: 'Tenantry API',
    customJs: SCRIPT_PATH,
    customCss: STYLE,
    // No persistAuthorization: it would keep pasted tokens where every script can read them.
    swaggerOptions: { filter: true, tryItOutEnabled: true, validatorUrl: null, requestInterceptor },
  });
}
