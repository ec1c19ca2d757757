import { PERMISSION_SCHEMA } from '../access/permission.fields.ts';
import { permissions } from '../access/permissions.ts';
import { isReference, type Components, type Schema, type Reference } from './types.ts';

type Schemas = NonNullable<Components['schemas']>;

/** @returns the classes, closed: what one does not name is neither taken nor sent; with an example for each plain member */
export function completeSchemas(schemas: Schemas): Schemas {
  const completed = Object.entries(schemas).map(([name, schema]) => [name, complete(schema)] as const);
  const named = PERMISSION_SCHEMA in schemas ? { [PERMISSION_SCHEMA]: permissionSchema() } : {};
  return { ...Object.fromEntries(completed), ...named };
}

const GROWS = "More are added within v1, so take no offence at one that you don't know.";

/** With the catalogue, for whoever reads the document. */
function permissionSchema(): Schema {
  const rows = Object.entries(permissions).map(([key, { description, systemRoles, teamRoles }]) => {
    return `| \`${key}\` | ${description} | ${systemRoles.join(', ')} | ${teamRoles.join(', ')} |`;
  });
  const head = ['| permission | what it permits | of the system roles | on a team, of its |', '|---|---|---|---|'];
  const [example, ...others] = Object.keys(permissions);
  return { type: 'string', enum: [example, ...others], description: [GROWS, '', ...head, ...rows].join('\n'), example };
}

function complete(schema: Schema | Reference): Schema | Reference {
  if (isReference(schema) || !schema.properties) return schema;
  const properties = Object.entries(schema.properties).map(
    ([name, property]) => [name, withExample(property)] as const,
  );
  return { ...schema, properties: Object.fromEntries(properties), additionalProperties: false };
}

/** A text has none unless it is given one: nobody could tell what it looks like. */
function withExample(property: Schema | Reference): Schema | Reference {
  if (isReference(property) || 'example' in property) return property;
  const example = exampleOf(property);
  return example === undefined ? property : { ...property, example };
}

const EXAMPLES_BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: '0193a1b2-0000-7000-8000-000000000000',
  email: 'ada@example.com',
  'date-time': '2026-11-20T11:22:33.456Z',
};

function exampleOf({ type, enum: choices, format = '', minimum = 0 }: Schema): unknown {
  const [kind] = [type].flat();
  if (choices) return choices[0];
  if (kind === 'boolean') return true;
  if (kind === 'integer') return Math.max(minimum, 0);
  return EXAMPLES_BY_FORMAT[format];
}
