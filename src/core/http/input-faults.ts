import type { ValidationError } from '@nestjs/common';
import { FieldRule, RULE } from './fields.ts';
import type { FieldError } from './problem.ts';
import { type Fault, isObject } from './rules.ts';

/** A list of faults is for a person; nobody reads on after this many. */
const MAXIMUM_FAULTS = 100;

const unknownMember: Fault = { path: '', code: 'unknown', detail: 'is not a field of this request' };

/** @returns each fault with the JSON pointer (RFC 6901) of the member, nested ones and list items included */
export function bodyFaults(errors: readonly ValidationError[]): FieldError[] {
  return errors
    .flatMap((error) => faultsUnder('', error))
    .slice(0, MAXIMUM_FAULTS)
    .map(({ path, code, detail }) => ({ pointer: path, code, detail }));
}

/** @returns one fault for each query parameter, by its name */
export function parameterFaults(errors: readonly ValidationError[]): FieldError[] {
  return errors.slice(0, MAXIMUM_FAULTS).flatMap((error) => {
    const [first] = faultsOf(error);
    return first ? [{ parameter: error.property, code: first.code, detail: first.detail }] : [];
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
  if ('whitelistValidation' in constraints) return [unknownMember];
  const rule = fieldRuleOf(error);
  return rule ? rule.faults(error.value) : Object.entries(constraints).map(foreignFault);
}

function fieldRuleOf({ contexts }: ValidationError): FieldRule | undefined {
  const context: unknown = contexts?.[RULE];
  return isObject(context) && context['field'] instanceof FieldRule ? context['field'] : undefined;
}

/** Of a rule that class-validator brings: nested validation, and whatever a class uses besides our fields. */
function foreignFault([name, message]: [string, string]): Fault {
  const code = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return name === 'nestedValidation'
    ? { path: '', code: 'type', detail: 'must be an object' }
    : { path: '', code, detail: message };
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
