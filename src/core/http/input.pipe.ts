import { type ArgumentMetadata, type PipeTransform, type Type, ValidationPipe } from '@nestjs/common';
import { sorted } from './declared-members.ts';
import { bodyFaults, MAXIMUM_FAULTS, parameterFaults, unknownMember, unknownParameter } from './input-faults.ts';
import { type FieldError, Problem, validationProblem } from './problem.ts';
import { isObject } from './rules.ts';

/** Checks bodies and queries against their classes: undeclared members are refused, nothing is converted unasked. */
export class InputPipe implements PipeTransform {
  readonly #body = validation(bodyFaults);
  readonly #parameters = validation(parameterFaults);

  /** @throws Problem validation_failed */
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { type, metatype } = metadata;
    if (type === 'body' && value !== undefined && !isObject(value)) throw validationProblem([NOT_AN_OBJECT]);
    const pipe = type === 'body' ? this.#body : this.#parameters;
    if (!metatype || (type !== 'body' && type !== 'query')) return pipe.transform(value, metadata);
    const { known, unknown } = sorted(value, metatype);
    const faults = unknown.map((path) => (type === 'body' ? unknownMember(path) : unknownParameter(path.join('.'))));
    const input: unknown = await pipe.transform(known, metadata).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      faults.push(...(error.errors ?? []));
    });
    if (faults.length > 0) throw validationProblem(faults.slice(0, MAXIMUM_FAULTS));
    return input;
  }
}

const NOT_AN_OBJECT: FieldError = { pointer: '', code: 'type', detail: 'must be an object' };

type ValidationErrors = Parameters<typeof bodyFaults>[0];

/** Nest would take names such as `constructor` from what is the client's own. No copy of ours reaches a prototype by them. */
class UnstrippedPipe extends ValidationPipe {
  protected override stripProtoKeys(): void {}
}

function validation(faults: (errors: ValidationErrors) => FieldError[]): ValidationPipe {
  return new UnstrippedPipe({
    transform: true,
    validationError: { value: true }, // A rule is asked again with the value: which item, and what about it.
    exceptionFactory: (errors) => validationProblem(faults(errors)),
  });
}

const pipe = new InputPipe();

/**
 * Judges an item of a `ListOfEach` by its class, as if it were a body.
 * @throws Problem validation_failed, with pointers into the item
 */
export async function judged<T extends object>(item: unknown, type: Type<T>): Promise<T> {
  const input = await pipe.transform(item, { type: 'body', metatype: type });
  if (!(input instanceof type)) throw new TypeError('what was judged is of its class');
  return input;
}
