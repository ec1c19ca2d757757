import pg from 'pg';
import { Problem } from '../http/problem.ts';
import type { Row } from './result-set.ts';
import type { Statement } from './statement.ts';

/** What `app.enter` checks: that this session may do this here, now. */
export interface Admission {
  readonly userId: string;
  readonly sessionId: string;
  /** null: the caller's own scope. */
  readonly organizationId: string | null;
  /** null: being a member is enough. */
  readonly permission: string | null;
  /** The system roles that hold the permission. */
  readonly systemRoles: readonly string[];
  /** Whether the person has to have proved lately who they are. */
  readonly stepUp?: boolean;
  /**
   * Exceptions: an organisation or team that was deleted so lately that it can be restored; or the member, or
   * the organisation, while suspended.
   */
  readonly even?: 'deleted' | 'deleted_team' | 'suspended' | null;
  /** The team that the request is about, which the caller has to see. */
  readonly teamId?: string | undefined;
  /** The system's team roles that hold the permission, where they are held on the team or above it. */
  readonly teamRoles?: readonly string[];
}

/**
 * Whose rows a statement sees. A scope is never a filter that code writes: it travels ahead of every statement and row
 * level security does the rest. There are three: public (nothing but the gate's functions answer), a user's own, and an
 * organisation's. See docs/tenancy.md.
 */
export class Scope {
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly organizationId: string | null;
  /** What was refused at the entry, kept because a caller in between may have wrapped or swallowed the error. */
  refusal: Problem | undefined;
  readonly #admission: Admission | undefined;
  /** The request's own scope, which has been judged together with this one. */
  readonly #origin: Scope | undefined;
  #memberId: string | undefined;
  #admitted = false;

  private constructor(
    userId: string | null,
    organizationId: string | null,
    sessionId: string | null = null,
    admission?: Admission,
    origin?: Scope,
  ) {
    this.userId = userId;
    this.sessionId = sessionId;
    this.organizationId = organizationId;
    this.#admission = admission;
    this.#origin = origin;
  }

  /** Nobody's: tables show no row, the gate's functions answer. For sign-in and the like. */
  static public(): Scope {
    return new Scope(null, null);
  }

  /** A user's own scope without a session. Only for code that has just proved who the user is. */
  static user(userId: string): Scope {
    return new Scope(userId, null);
  }

  /** The scope that a request asks for. The database decides, with the first statements that go out. */
  static admission(admission: Admission): Scope {
    return new Scope(admission.userId, admission.organizationId, admission.sessionId, admission);
  }

  /**
   * The scope of an organisation in which a person becomes a member by what is done in it: as its founder, or as somebody who was
   * invited. Only for code that makes the organisation, or has just had the database judge the invitation.
   * @param memberId made first, so that the log tells who came in
   * @param sessionId for the log: another than this scope's where it has begun since
   */
  joining(organizationId: string, memberId: string, sessionId = this.sessionId): Scope {
    if (this.userId === null || this.organizationId)
      throw new Error("an organisation is joined from a user's own scope");
    const scope = new Scope(this.userId, organizationId, sessionId, this.#admission, this);
    scope.#memberId = memberId;
    return scope;
  }

  isJoinedFrom(scope: Scope): boolean {
    return this.#origin === scope;
  }

  /** The caller's membership, known once the scope has been entered. */
  get memberId(): string | undefined {
    return this.#memberId;
  }

  /** False while nobody has asked the database whether the caller may do this. */
  get settled(): boolean {
    return this.#admitted || !this.#admission;
  }

  /**
   * @param checked true at the head of a transaction: access is judged anew there, whatever came before
   * @returns what goes ahead of the work in its group
   */
  entry(checked: boolean): readonly Statement[] {
    const admission = this.#admission;
    // Nobody's scope is set as well, over whatever a connection might have been left with.
    if (!admission) return [this.settings()];
    if (this.#admitted && !checked) return [this.settings()];
    const joins = this.organizationId !== admission.organizationId;
    return joins ? [enter(admission), this.settings()] : [enter(admission)];
  }

  /** @returns what sets the scope, and asks nobody whether it may be: for a scope that has been entered */
  settings(): Statement {
    return {
      text: `select set_config('app.user_id', $1, true), set_config('app.organization_id', $2, true)`,
      values: [this.userId ?? '', this.organizationId ?? ''],
    };
  }

  /** @param row what the first statement of the entry answered */
  admit(row: Row | undefined): void {
    this.#admitted = true;
    this.#origin?.admit(undefined);
    const memberId = row && 'member_id' in row ? row['member_id'] : undefined;
    if (typeof memberId === 'string') this.#memberId = memberId;
  }

  /** @returns the refusal that an error at the entry stands for, or undefined where it is a fault */
  refuse(error: Error): Problem | undefined {
    const sqlState = error instanceof pg.DatabaseError ? error.code : undefined;
    if (sqlState === 'TN401') this.refusal = new Problem('unauthenticated', { cause: error });
    else if (sqlState === 'TN404') this.refusal = new Problem('not_found', { cause: error });
    else if (sqlState === 'TN403') this.refusal = this.#denial(error);
    else return undefined;
    if (this.#origin) this.#origin.refusal = this.refusal;
    return this.refusal;
  }

  #denial(error: Error): Problem {
    if (error.message === 'organization_suspended') return new Problem('organization_suspended', { cause: error });
    if (error.message === 'member_suspended') return new Problem('member_suspended', { cause: error });
    if (error.message === 'step_up_required') return new Problem('step_up_required', { cause: error });
    return new Problem('permission_denied', { cause: error, members: { required: this.#admission?.permission } });
  }
}

function enter(admission: Admission): Statement {
  const { userId, sessionId, organizationId, permission, systemRoles, teamRoles = [] } = admission;
  const { stepUp = false, teamId = null, even = null } = admission;
  return {
    text: 'select app.enter($1, $2, $3, $4, $5, $6, $7, $8, $9) as member_id',
    values: [userId, sessionId, organizationId, permission, [...systemRoles], stepUp, teamId, [...teamRoles], even],
  };
}
