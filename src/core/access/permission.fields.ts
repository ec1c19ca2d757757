import { field, type FieldOptions } from '../http/fields.ts';
import { choice, list, type ListLimits, type Rule } from '../http/rules.ts';
import { permissions } from './permissions.ts';

/** By which the document calls what is one of the catalogue. */
export const PERMISSION_SCHEMA = 'Permission';

const keys = Object.keys(permissions);
const permission: Rule = choice(keys);

/** Of an answer: a permission. Requests take any string, so that an unknown one gets `unknown_permission`. */
export function PermissionKey(options: FieldOptions = {}): PropertyDecorator {
  return field(permission, options, { enum: keys, enumName: PERMISSION_SCHEMA });
}

/** Likewise several. */
export function PermissionKeys(options: FieldOptions & ListLimits = {}): PropertyDecorator {
  const { schema, ...rule } = list(permission, { unique: true, ...options });
  const { items: _named, type: _array, ...limits } = schema;
  return field({ schema, ...rule }, options, { ...limits, enum: keys, enumName: PERMISSION_SCHEMA, isArray: true });
}
