import type { Call } from './calls.ts';
import { effective, held, isOwner, liveTeams, memberOf, type State, type Where } from './state.ts';

/*
 * What has to hold whatever the rule is. It looks at what there is before and after, and knows neither what was asked for nor why
 * it was granted: only who did it, and who stands behind them.
 */

/** @returns what a call that was granted has done and nobody may do */
export function violations(before: State, after: State, call: Call): string[] {
  const found: string[] = [];
  if (![...after.members.keys()].some((member) => isOwner(after, member))) found.push('no active owner is left');
  const by = source(before, call);
  const changed = [...after.members.keys()].filter((member) => isOwner(after, member) !== isOwner(before, member));
  for (const member of isOwner(before, by) ? [] : changed)
    found.push(`${by} has let ${member} ${isOwner(after, member) ? 'have' : 'lose'} ownership, and has it not`);
  for (const where of [null, ...liveTeams(after)]) {
    const then = standIn(before, after, where);
    // What was deleted gave nobody anything, but that they may bring it back.
    const active = then !== null && before.teams.get(then)?.deleted ? null : then;
    const own = effective(before, by, then);
    for (const [member, { user }] of after.members) {
      const was = effective(before, member, active);
      const is = effective(after, member, where);
      const heldThen = held(before, member, then);
      const could = [...held(after, member, where)].filter((permission) => !heldThen.has(permission));
      const risen = [...could, ...[...is].filter((permission) => !was.has(permission))];
      const fallen = [...was].filter((permission) => !is.has(permission));
      const beyond = (permission: string): boolean => !own.has(permission);
      const place = where ?? 'the organization';
      if (risen.some(beyond))
        found.push(`${by} has let ${member} have ${risen.filter(beyond).join()} in ${place}, and has it not`);
      if (user === call.by || isGivenUp(before, member, call)) continue;
      if (fallen.some(beyond))
        found.push(`${by} has taken ${fallen.filter(beyond).join()} from ${member} in ${place}, and has it not`);
    }
  }
  return found;
}

/** Who gives what a call gives: of an invitation whoever invited, of an offer whoever made it. */
function source(before: State, call: Call): string {
  if (call.kind === 'invitation.accept') return before.invitations.get(call.invitation)!.inviter;
  if (call.kind === 'transfer.accept') return before.offers.get(call.offer)!.proposer;
  return memberOf(before, call.by)!;
}

/** Whoever has offered their ownership has agreed to lose it. */
function isGivenUp(before: State, member: string, call: Call): boolean {
  return call.kind === 'transfer.accept' && before.offers.get(call.offer)!.proposer === member;
}

/** A team that is new was before what the one above it was. */
function standIn(before: State, after: State, where: Where): Where {
  return where === null || before.teams.has(where) ? where : (after.teams.get(where)!.path.at(-2) ?? null);
}
