import type { ValidationError } from '@nestjs/common';
import { fieldRuleOf, RULE } from './fields.ts';
import type { FieldError } from './problem.ts';
import type { Fault } from './rules.ts';

/** A list of faults is for a person; nobody reads on after this many. */
export const MAXIMUM_FAULTS = 100;

/** A name of ours is shorter; one of the client's own can be as long as a body. */
export const LONGEST_NAME = 200;

const UNKNOWN = { code: 'unknown', detail: 'is not a field of this request' } as const;

/** @param path to the member, name by name */
export function unknownMember(path: readonly string[]): FieldError {
  return { pointer: shortened(path.map((name) => `/${escaped(name)}`).join('')), ...UNKNOWN };
}

export function unknownParameter(parameter: string): FieldError {
  return { parameter: shortened(parameter), ...UNKNOWN };
}

/** @returns each fault with the JSON pointer (RFC 6901) of the member, nested ones and list items included */
export function bodyFaults(errors: readonly ValidationError[]): FieldError[] {
  return errors
    .flatMap((error) => faultsUnder('', error))
    .slice(0, MAXIMUM_FAULTS)
    .map(({ path, code, detail }) => ({ pointer: shortened(path), code, detail }));
}

/** @returns one fault for each query parameter, by its name */
export function parameterFaults(errors: readonly ValidationError[]): FieldError[] {
  return errors.slice(0, MAXIMUM_FAULTS).flatMap((error) => {
    const [first] = faultsOf(error);
    return first ? [{ parameter: shortened(error.property), code: first.code, detail: first.detail }] : [];
  });
}

function faultsUnder(parent: string, error: ValidationError): Fault[] {
  const path = `${parent}/${escaped(error.property)}`;
  const own = faultsOf(error).map((fault) => ({ ...fault, path: path + fault.path }));
  // A rule that failed says it all; what is below would only say it again.
  return own.length > 0 ? own : (error.children ?? []).flatMap((child) => faultsUnder(path, child));
}

function faultsOf(error: ValidationError): readonly Fault[] {
  const { constraints } = error;
  if (!constraints) return [];
  const rule = fieldRuleOf(error.contexts?.[RULE]);
  return rule ? rule.faults(error.value) : Object.entries(constraints).map(foreignFault);
}

/** Of a rule that class-validator brings: nested validation, and whatever a class uses besides our fields. */
function foreignFault([name, message]: [string, string]): Fault {
  return name === 'nestedValidation'
    ? { path: '', code: 'type', detail: 'must be an object' }
    : { path: '', code: 'refused', detail: message };
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** @returns the name, or its beginning and an ellipsis: it is echoed, and may be kept */
function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1).toWellFormed()}…`;
}
