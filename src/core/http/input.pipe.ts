import { type ArgumentMetadata, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { bodyFaults, parameterFaults } from './input-faults.ts';
import { POISON } from './json.ts';
import { type FieldError, validationProblem } from './problem.ts';
import { isObject } from './rules.ts';

/** Checks bodies and queries against their classes: undeclared members are refused, nothing is converted unasked. */
export class InputPipe implements PipeTransform {
  readonly #body = validation((errors) => bodyFaults(errors));
  readonly #parameters = validation((errors) => parameterFaults(errors));

  /** @throws Problem validation_failed */
  transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'query') refusePoison(value);
    if (metadata.type !== 'body') return this.#parameters.transform(value, metadata);
    if (value !== undefined && !isObject(value)) throw validationProblem([notAnObject]);
    return this.#body.transform(value, metadata);
  }
}

/** Nest would drop these names silently; a body with them does not get this far. */
function refusePoison(query: unknown): void {
  if (!isObject(query)) return;
  const names = Object.keys(query).filter((name) => POISON.has(name));
  if (names.length === 0) return;
  throw validationProblem(
    names.map((parameter) => ({ parameter, code: 'unknown', detail: 'is not a parameter here' })),
  );
}

const notAnObject: FieldError = { pointer: '', code: 'type', detail: 'must be an object' };

type ValidationErrors = Parameters<typeof bodyFaults>[0];

function validation(faults: (errors: ValidationErrors) => FieldError[]): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    validationError: { value: true }, // A rule is asked again with the value: which item, and what about it.
    exceptionFactory: (errors) => validationProblem(faults(errors)),
  });
}
