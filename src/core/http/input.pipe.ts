import { type ArgumentMetadata, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { bodyFaults, parameterFaults } from './input-faults.ts';
import { type FieldError, validationProblem } from './problem.ts';
import { isObject } from './rules.ts';

/** Checks bodies and queries against their classes: undeclared members are refused, nothing is converted unasked. */
export class InputPipe implements PipeTransform {
  readonly #body = validation((errors) => bodyFaults(errors));
  readonly #parameters = validation((errors) => parameterFaults(errors));

  /** @throws Problem validation_failed */
  transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body') return this.#parameters.transform(value, metadata);
    if (value !== undefined && !isObject(value)) throw validationProblem([notAnObject]);
    return this.#body.transform(value, metadata);
  }
}

const notAnObject: FieldError = { pointer: '', code: 'type', detail: 'must be an object' };

type ValidationErrors = Parameters<typeof bodyFaults>[0];

function validation(faults: (errors: ValidationErrors) => FieldError[]): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => validationProblem(faults(errors)),
  });
}
