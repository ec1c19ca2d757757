import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import owasp from '@stoplight/spectral-owasp-ruleset';
import spectralRulesets from '@stoplight/spectral-rulesets';

// Lints openapi.json, the document as it is committed: no finding is small enough to stay, a hint neither.

const LIMITED = "$.paths[*][?(!@['x-unlimited'])]";

/** The OWASP rule, for the part of the document that it has a meaning for. */
function only(name, given) {
  return { [name]: { ...owasp.rules[name], given } };
}

const spectralRules = {
  // Who runs the server knows whom its users turn to; the source does not.
  'contact-properties': 'off',
  // What may be called without signing in is reviewed in the table of routes (routes.e2e-spec.ts), each with its reason.
  'owasp:api2:2023-write-restricted': 'off',
  'owasp:api2:2023-read-restricted': 'off',
  // CORS is for browsers, which look after it; no client has use for its headers.
  'owasp:api8:2023-define-cors-origin': 'off',
  // /health has no limits, so that whoever watches the server is never turned away.
  ...only('owasp:api4:2023-rate-limit', `${LIMITED}.responses[?(@property.match(/^(2|4)/))]`),
  ...only('owasp:api4:2023-rate-limit-responses-429', `${LIMITED}.responses`),
  // Nobody is asked to sign in where anybody may call.
  ...only('owasp:api8:2023-define-error-responses-401', '$.paths[*][?(@.security && @.security.length > 0)].responses'),
};

const redoclyRules = {
  'array-parameter-serialization': 'error',
  'component-name-unique': 'error',
  'no-http-verbs-in-paths': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-invalid-schema-examples': 'error',
  'no-required-schema-properties-undefined': 'error',
  'operation-description': 'error',
  'operation-singular-tag': 'error',
  'operation-tag-defined': 'error',
  'parameter-description': 'error',
  'path-http-verbs-order': 'error',
  'paths-kebab-case': 'error',
  'scalar-property-missing-example': 'error',
  'tags-alphabetical': 'error',
};

/** What Spectral finds by all its rules for OpenAPI and those of OWASP; one line each. */
async function spectral(source) {
  const linter = new spectralCore.Spectral();
  linter.setRuleset({
    extends: [
      [spectralRulesets.oas, 'all'],
      [owasp, 'all'],
    ],
    rules: spectralRules,
  });
  const findings = await linter.run(source);
  return findings.map(({ code, path, message }) => `${code} at ${path.join('/')}: ${message}`);
}

/** What Redocly finds by its strict rules and those above; one line each. */
async function redocly(source) {
  const config = await createConfig({ extends: ['recommended-strict'], rules: redoclyRules });
  const findings = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  return findings.map(({ ruleId, location, message }) => `${ruleId} at ${location[0]?.pointer}: ${message}`);
}

const source = readFileSync('openapi.json', 'utf8');
const findings = [...(await spectral(source)), ...(await redocly(source))];
for (const finding of findings) process.stdout.write(`openapi.json: ${finding}\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
