/** The verdict of a permutation, in words. */

import type {
  CitedFact,
  OrderedEnd,
  PermutationOutcome,
  PermutationVerdict,
} from "./permutation.ts";
import { type RuleName, RULES } from "./rules.ts";

/** One line: `order does not matter: 1,352 orders of 5 facts all end Done`. */
export function verdictText(verdict: PermutationVerdict): string {
  const { orders, facts, outcome } = verdict;
  switch (verdict.verdict) {
    case "agreed":
      return facts === 0
        ? `order does not matter: no fact came from outside after the start; state is ${outcome.state}`
        : `order does not matter: ${counted(orders, "order")} of ${counted(facts, "fact")} all ` +
          `end ${stateText(outcome)}`;
    case "pair": {
      const [before, after] = endsText(verdict.before.outcome, verdict.after.outcome);
      return `order matters: ${cited(verdict.first)} before ${cited(verdict.second)} ends ` +
        `${before}, after it ${after}`;
    }
    case "repetition":
      return `repetition matters: ${cited(verdict.fact)} given twice ends otherwise, and must not`;
  }
}

/** Lines that say more. */
export function detailOf(verdict: PermutationVerdict): readonly string[] {
  const early = verdict.early === 0
    ? []
    : [`${counted(verdict.early, "fact")} before the start: they count for nothing, and stay`];
  if (verdict.verdict !== "pair") return early;
  const { first, second, before, after } = verdict;
  return [
    `entry ${first.logId} is event ${first.eventId}, entry ${second.logId} is ${second.eventId}`,
    `entry ${first.logId}, then ${second.logId}: ${rulesText(first, second, before)}`,
    `entry ${second.logId}, then ${first.logId}: ${rulesText(first, second, after)}`,
    ...early,
  ];
}

function rulesText(first: CitedFact, second: CitedFact, end: OrderedEnd): string {
  return `${first.logId} met "${ruleText(end.firstRule)}", ` +
    `${second.logId} "${ruleText(end.secondRule)}"`;
}

function ruleText(rule: RuleName): string {
  const { state, incoming, condition, next } = RULES[rule];
  const on = condition === "" ? incoming : `${incoming}, ${condition}`;
  return `${state}: ${on}: ${next}`;
}

function cited({ eventType, logId }: CitedFact): string {
  return `${eventType} (entry ${logId})`;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

function stateText({ state, failure }: PermutationOutcome): string {
  return failure === undefined ? state : `${state} (${failure.kind})`;
}

/** As short as tells the two apart. */
function endsText(
  left: PermutationOutcome,
  right: PermutationOutcome,
): readonly [string, string] {
  if (left.state !== right.state) return [left.state, right.state];
  if (left.failure?.kind !== right.failure?.kind) return [stateText(left), stateText(right)];
  if (left.failure?.because !== right.failure?.because) {
    return [becauseText(left), becauseText(right)];
  }
  const at = left.expected.findIndex(({ matched }, index) =>
    matched !== right.expected[index]?.matched
  );
  return [matchesText(left, at), matchesText(right, at)];
}

function becauseText({ state, failure }: PermutationOutcome): string {
  return failure === undefined ? state : `${state} by entry ${failure.because}`;
}

function matchesText({ state, expected }: PermutationOutcome, at: number): string {
  const { id, matched, required } = expected[at] ?? { id: "", matched: 0, required: 0 };
  return `${state} with ${matched} of ${required} for ${id}`;
}
