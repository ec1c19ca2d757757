import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Exclude, Transform, type TransformFnParams, Type as Instantiate } from 'class-transformer';
import { ValidateBy, ValidateNested } from 'class-validator';
import * as rules from './rules.ts';
import type { Fault, ListLimits, Rule } from './rules.ts';

/** What every field can say of itself. */
export interface FieldOptions {
  readonly description?: string;
  readonly example?: unknown;
  /** May be left out. */
  readonly optional?: boolean;
  /** May be `null`. */
  readonly nullable?: boolean;
}

type Options<Of extends (...parameters: never[]) => Rule> = FieldOptions & NonNullable<Parameters<Of>[0]>;

/** The name of the one constraint by which class-validator asks a rule. */
export const RULE = 'rule';

const missing: Fault = { path: '', code: 'required', detail: 'must be given' };

/** A rule with what the field says of `undefined` and `null`. */
export class FieldRule {
  constructor(
    private readonly rule: Rule,
    private readonly options: FieldOptions,
    /** The class of the object, or of each object in the list. */
    readonly type?: () => Type,
  ) {}

  faults(value: unknown): readonly Fault[] {
    if (value === undefined) return this.options.optional ? [] : [missing];
    if (value === null && this.options.nullable) return [];
    return this.rule.faults(value);
  }
}

/** @param context what class-validator was told with a member's constraint */
export function fieldRuleOf(context: unknown): FieldRule | undefined {
  return rules.isObject(context) && context['field'] instanceof FieldRule ? context['field'] : undefined;
}

/**
 * A member of a request or response class: one decorator gives the check (class-validator) and the schema (OpenAPI). No
 * value is converted: "5" is not 5.
 */
export function field(rule: Rule, options: FieldOptions = {}, schema: object = rule.schema): PropertyDecorator {
  return applyDecorators(checked(new FieldRule(rule, options), schema, options), asParsed(rule));
}

function checked(present: FieldRule, schema: object, options: FieldOptions): PropertyDecorator {
  const validate = (value: unknown) => present.faults(value).length === 0;
  return applyDecorators(
    ValidateBy({ name: RULE, validator: { validate } }, { context: { field: present }, message: RULE }),
    ApiProperty({ ...schema, ...documentation(options) }),
  );
}

/** A class whose members class-transformer looks at none of. */
@Exclude()
class Opaque {}

/**
 * The value as it was parsed, in its one spelling: a copy by class-transformer lacks members such as `toString`, and fails over
 * `constructor`.
 */
function asParsed(rule: Rule): PropertyDecorator {
  const parsed = ({ obj, key }: TransformFnParams): unknown => rules.canonicalIn(rule, Reflect.get(Object(obj), key));
  return applyDecorators(
    Instantiate(() => Opaque),
    Transform(parsed, { toClassOnly: true }),
  );
}

function documentation({ description, example, optional, nullable }: FieldOptions): object {
  return {
    required: !optional,
    ...(description !== undefined && { description }),
    ...(example !== undefined && { example }),
    ...(nullable && { nullable }),
  };
}

export const Text = (options: Options<typeof rules.text> = {}): PropertyDecorator =>
  field(rules.text(options), options);

/** A text on one line, such as a name. */
export const Line = (options: Options<typeof rules.line> = {}): PropertyDecorator =>
  field(rules.line(options), options);

export const EmailAddress = (options: FieldOptions = {}): PropertyDecorator => field(rules.emailAddress(), options);

export const Identifier = (options: FieldOptions = {}): PropertyDecorator => field(rules.identifier(), options);

/** The same of whatever version: for what is asked about, and is told not to be there. */
export const Uuid = (options: FieldOptions = {}): PropertyDecorator => field(rules.uuid(), options);

/** RFC 3339 with milliseconds, in a text. */
export const Timestamp = (options: FieldOptions = {}): PropertyDecorator => field(rules.timestamp(), options);

export const Integer = (options: Options<typeof rules.integer> = {}): PropertyDecorator =>
  field(rules.integer(options), options);

export const Choice = (values: readonly string[], options: FieldOptions = {}): PropertyDecorator =>
  field(rules.choice(values), options);

export const Flag = (options: FieldOptions = {}): PropertyDecorator => field(rules.flag(), options);

/** A small JSON object of the client's own making: the only member whose content has no rules. */
export const Metadata = (options: Options<typeof rules.metadata> = {}): PropertyDecorator =>
  field(rules.metadata(options), { example: {}, ...options });

/** An object with rules of its own; a member that its class does not declare is refused. */
// Swagger takes a function for a class unless it is called `type`: hence the new arrows.
export function Nested(type: () => Type, options: FieldOptions = {}): PropertyDecorator {
  const rule = new FieldRule(rules.object(), options, type);
  return applyDecorators(checked(rule, { type: () => type() }, options), ValidateNested(), Instantiate(type));
}

/** A list of objects (`() => Class`) or of plain values (a rule, such as `rules.text({ max: 40 })`). */
export function ListOf(item: Rule | (() => Type), options: FieldOptions & ListLimits = {}): PropertyDecorator {
  if (typeof item !== 'function') return field(rules.list(item, options), options);
  const rule = rules.list(rules.object(), options);
  const { items: _plain, ...limits } = rule.schema;
  const schema = { ...limits, type: () => item(), isArray: true };
  const items = new FieldRule(rule, options, item);
  return applyDecorators(checked(items, schema, options), ValidateNested({ each: true }), Instantiate(item));
}

const anything: Rule = { schema: {}, faults: () => [] };

/** A list of objects that are judged one by one by whoever takes them (`judged`): one that is refused keeps none from the others. */
export function ListOfEach(item: () => Type, options: FieldOptions & ListLimits = {}): PropertyDecorator {
  const rule = rules.list(anything, options);
  const { items: _any, ...limits } = rule.schema;
  return field(rule, options, { ...limits, type: () => item(), isArray: true });
}
