import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { COOKIE_SECURITY_SCHEME, SECURITY_SCHEME } from '../access/access.decorator.ts';
import { accessCookie } from '../access/credential.ts';
import { ProblemResponse } from './problem.dto.ts';

/** Its own scripts alone, and in nobody's frame: it keeps a token between reloads. Its styles are partly inline. */
const UI_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

/** Swagger UI at /docs, from files of our own, and the document at /openapi.json, built when it is first asked for. */
export function serveDocument(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.url?.startsWith('/docs')) void reply.header('content-security-policy', UI_POLICY);
      done();
    });
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Tenantry API',
    swaggerOptions: { persistAuthorization: true, filter: true, validatorUrl: null },
  });
}

/** @returns the OpenAPI 3.1 document, generated from the routes and their classes */
export function createDocument(app: NestFastifyApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tenantry API')
    .setDescription('Organisations, members, teams, roles, settings and an audit trail for a B2B SaaS.')
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // Wherever the document came from: Swagger UI works by each name that the server has.
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, SECURITY_SCHEME)
    .addCookieAuth(accessCookie.name, { type: 'apiKey' }, COOKIE_SECURITY_SCHEME)
    .build();
  return SwaggerModule.createDocument(app, settings, {
    extraModels: [ProblemResponse],
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '').toLowerCase()}_${method}`,
  });
}
