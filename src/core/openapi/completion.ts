import type { OpenAPIObject } from '@nestjs/swagger';
import { SECTION } from '../http/section.decorator.ts';
import { headerComponents, kindsOf, withHeaders } from './headers.ts';
import { withIdempotency } from './idempotency.ts';
import { withConventions } from './operations.ts';
import { problemExamples, withProblems } from './problems.ts';
import { completeSchemas } from './schemas.ts';
import { SharedResponses } from './shared-responses.ts';
import { operationsOf, type PlacedOperation } from './types.ts';

/**
 * @param document as Nest's decorators describe the routes
 * @returns it with what every route has without asking for it: its refusals, headers, audience and examples
 */
export function completed(document: OpenAPIObject): OpenAPIObject {
  const { schemas = {}, ...others } = document.components ?? {};
  const described = operationsOf(document);
  const kinds = kindsOf(described, { schemas });
  const shared = new SharedResponses();
  const steps = [
    withIdempotency,
    withConventions,
    withProblems,
    (placed: PlacedOperation) => withHeaders(placed, kinds),
    (placed: PlacedOperation) => shared.of(placed),
  ];
  const operations = described.map((placed) => steps.reduce((one, step) => ({ ...one, operation: step(one) }), placed));
  const components = { ...others, schemas: completeSchemas(schemas), responses: shared.components() };
  const paths = pathsOf(operations);
  const referred = { ...components, ...referredIn({ paths, components }) };
  return { ...document, tags: sectionsOf(operations), paths, components: referred };
}

function sectionsOf(operations: readonly PlacedOperation[]): NonNullable<OpenAPIObject['tags']> {
  const sections = new Map<string, string>();
  for (const { operation } of operations) {
    const [name] = operation.tags ?? [];
    const description = operation[SECTION];
    if (name !== undefined) sections.set(name, typeof description === 'string' ? description : '');
  }
  const names = [...sections.keys()].toSorted((a, b) => a.localeCompare(b, 'en'));
  return names.map((name) => ({ name, description: sections.get(name) ?? '' }));
}

function pathsOf(operations: readonly PlacedOperation[]): OpenAPIObject['paths'] {
  const paths: OpenAPIObject['paths'] = {};
  for (const { path, method, operation } of operations) {
    const { [SECTION]: _, ...own } = operation;
    paths[path] = { ...paths[path], [method]: own };
  }
  return paths;
}

/** The headers and examples that something refers to, and no others. */
function referredIn(parts: object): NonNullable<OpenAPIObject['components']> {
  const names = { headers: new Set<string>(), examples: new Set<string>() };
  for (const [, kind, name = ''] of JSON.stringify(parts).matchAll(/#\/components\/(\w+)\/([\w-]+)/g)) {
    if (kind === 'headers' || kind === 'examples') names[kind].add(name);
  }
  return { headers: headerComponents(names.headers), examples: problemExamples(names.examples) };
}
