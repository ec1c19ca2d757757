import type { Answer } from './calls.ts';

/** What follows from a call: the answer and, unless it is refused, what it changes. */
export interface Verdict {
  readonly answer: Answer;
  readonly change?: () => void;
}

const STATUS: Readonly<Record<string, number>> = {
  not_found: 404,
  permission_denied: 403,
  member_suspended: 403,
  grant_exceeds_own: 403,
  validation_failed: 422,
  unknown_permission: 422,
  last_owner: 409,
  already_exists: 409,
  already_member: 409,
  role_in_use: 409,
  cycle: 409,
  conflict: 409,
  invitation_used: 410,
  invitation_revoked: 410,
  invitation_void: 410,
};

class Refusal extends Error {
  constructor(readonly answer: Answer) {
    super(answer.code);
  }
}

export function refuse(code: string, details: Omit<Answer, 'status' | 'code'> = {}): never {
  throw new Refusal({ status: STATUS[code]!, code, ...details });
}

export function done(status: number, change: () => unknown = () => undefined): Verdict {
  return { answer: { status }, change: () => void change() };
}

/** @returns what the rule says, also where it refuses */
export function judged(rule: () => Verdict): Verdict {
  try {
    return rule();
  } catch (error) {
    if (error instanceof Refusal) return { answer: error.answer };
    throw error;
  }
}
