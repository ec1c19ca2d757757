import { field, type FieldOptions, ListOf } from '../http/fields.ts';
import { choice, list, type ListLimits, type Rule, text } from '../http/rules.ts';
import { permissions } from './permissions.ts';

/** By which the document calls what is one of the catalogue. */
export const PERMISSION_SCHEMA = 'Permission';

const keys = Object.keys(permissions);
const permission: Rule = choice(keys);

/** Longer than any key, so that an unknown one gets `unknown_permission`. */
const LONGEST_KEY = 100;
const MOST_ASKED = 100;
const asked = text({ max: LONGEST_KEY });

/** Requests take any string, so that an unknown one gets `unknown_permission`: by `refuseUnknown`. */
export function AskedPermission(options: FieldOptions): PropertyDecorator {
  return field(asked, options);
}

/** Likewise several. */
export function AskedPermissions(options: FieldOptions): PropertyDecorator {
  return ListOf(asked, { max: MOST_ASKED, unique: true, example: ['members:read'], ...options });
}

/** Of an answer: a permission of the catalogue. */
export function PermissionKey(options: FieldOptions = {}): PropertyDecorator {
  return field(permission, options, { enum: keys, enumName: PERMISSION_SCHEMA });
}

/** Likewise several. */
export function PermissionKeys(options: FieldOptions & ListLimits): PropertyDecorator {
  const { schema, ...rule } = list(permission, { unique: true, ...options });
  const { items: _named, type: _array, ...limits } = schema;
  return field({ schema, ...rule }, options, { ...limits, enum: keys, enumName: PERMISSION_SCHEMA, isArray: true });
}
