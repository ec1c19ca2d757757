import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { COOKIE_SECURITY_SCHEME, SECURITY_SCHEME } from '../access/access.decorator.ts';
import { accessCookie } from '../access/credential.ts';
import { ProblemResponse } from '../http/problem.dto.ts';
import { completed } from './completion.ts';

const ABOUT = `Organizations, members, teams, roles, settings and an audit trail for a B2B SaaS.

Ids are UUIDs, times are RFC 3339 in UTC. A member that an operation does not name is refused, in a body as in a query, and no value
is converted: \`"5"\` is not 5. \`HEAD\` works wherever \`GET\` does.

**Errors** are problem details (RFC 9457): decide by \`code\`, which is stable; \`GET /problems\` explains each. Besides those that are
named here, a path answers 405 to a method that it does not have, and the server 408 to a request that does not arrive and 431 to
headers that are too large.

**Sensitive operations** (\`x-step-up\`) take a proof of the last ten minutes of who you are. Where it is older they answer 403
\`step_up_required\`, and nothing has happened: send the password or a code to \`POST /api/v1/auth/step-up\`, then the same call again.

**Versions**: within v1 members are added, never removed or changed in meaning. So take no offence at one that you don't know.`;

const ABOUT_TOKENS = `The access token of a sign-in, valid for ten minutes: a JWT as RFC 9068 has it, issued and verified by the rules of RFC8725
(ES256 alone, its type, issuer and audience checked).`;

const ABOUT_COOKIES = `The same token, in the cookie that a browser has for it after a sign-in with \`X-Token-Transport: cookie\`. A request that changes
something then has to come from an allowed origin.`;

/** Wherever the document came from: Swagger UI works by each name that the server has. */
const server = {
  url: '/',
  description: 'Where this came from: local, staging or production',
  'x-internal': false,
};

/** @returns the OpenAPI 3.1 document, generated from the routes and their classes */
export function createDocument(app: NestFastifyApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tenantry API')
    .setDescription(ABOUT)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: ABOUT_TOKENS }, SECURITY_SCHEME)
    .addCookieAuth(accessCookie.name, { type: 'apiKey', description: ABOUT_COOKIES }, COOKIE_SECURITY_SCHEME)
    .build();
  const described = SwaggerModule.createDocument(app, settings, {
    extraModels: [ProblemResponse],
    operationIdFactory: (controller, method) => `${nameOf(controller)}_${method}`,
  });
  return { ...completed(described), servers: [server] };
}

/** @returns `magicLinks` of `MagicLinksController` */
function nameOf(controller: string): string {
  const name = controller.replace(/Controller$/, '');
  return `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
}
