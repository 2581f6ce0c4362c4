/** The verdict of a permutation, in words. */

import { assertNever } from "./assert_never.ts";
import type { StateName } from "./job_state.ts";
import type { CitedFact, DecisivePair, PermutationVerdict } from "./permutation.ts";
import type { PermutationOutcome } from "./permutation_outcome.ts";
import { type RuleName, RULES } from "./rules.ts";

/** Events, or exchanges, that are named in one line. */
const LISTED_MAX = 3;

/** One line: `order does not matter: all 24 orders of 4 facts end Done`. */
export function verdictText(verdict: PermutationVerdict): string {
  switch (verdict.verdict) {
    case "agreed":
      return agreedText(verdict);
    case "pair":
      return `order matters: ${whenText(verdict)}, ${endsText(verdict)}`;
    case "lesser":
      return lesserText(verdict);
    case "repetition":
      return `repetition matters: ${cited(verdict.fact)} given twice ends otherwise, and must not`;
    default:
      return assertNever(verdict, "verdict");
  }
}

/** Lines that say more. */
export function detailOf(verdict: PermutationVerdict): readonly string[] {
  const hasPair = verdict.verdict === "pair" || verdict.verdict === "lesser";
  return [
    ...(hasPair ? pairDetail(verdict) : []),
    ...missedText(verdict),
    ...earlyText(verdict),
    ...codeText(verdict),
  ];
}

function agreedText({ orders, facts, fixed, exhaustive, outcome }: PermutationVerdict): string {
  if (facts === 0) {
    const nothing = "no fact came from outside after the start";
    return `order does not matter: ${nothing}; the job is ${stateText(outcome)}`;
  }
  if (facts === 1 && fixed > 0 && exhaustive && orders > 1) {
    const end = `the job ${isOver(outcome.state) ? "ends" : "stays"} ${stateText(outcome)}`;
    return `order does not matter: ${end} wherever its 1 fact comes among ` +
      `${counted(fixed, "other entry", "other entries")} (${counted(orders, "place")})`;
  }
  const others = fixed === 0 ? "" : ` and ${counted(fixed, "other entry", "other entries")}`;
  const what = `${counted(facts, "fact")}${others}`;
  const end = `${isOver(outcome.state) ? "end" : "leave it"} ${stateText(outcome)}`;
  if (!exhaustive) {
    const tried = `all ${counted(orders, "order")} tried, of ${what}`;
    return `order does not seem to matter: ${tried}, ${end}`;
  }
  return orders === 1
    ? `order does not matter: there is but one order of ${what}, and the job is ` +
      stateText(outcome)
    : `order does not matter: ${orders === 2 ? "both orders" : `all ${counted(orders, "order")}`}` +
      ` of ${what} ${end}`;
}

function lesserText(verdict: PermutationVerdict & DecisivePair): string {
  const { outcome, exhaustive, before, after } = verdict;
  const where = exhaustive ? "in every order" : "in every order tried";
  const same = `the outcome is ${outcome.state} ${where}`;
  const when = whenText(verdict);
  if (before.outcome.failure?.because !== after.outcome.failure?.because) {
    return `${same}; only the event that failed it differs: ${when}, it is ` +
      `${becauseText(after.outcome)}; as it was, it was ${becauseText(before.outcome)}`;
  }
  const at = before.outcome.expected.findIndex(({ matched }, index) =>
    matched !== after.outcome.expected[index]?.matched
  );
  return `${same}; only the counts differ: ${when}, ${before.outcome.expected[at]?.id} has ` +
    `${countText(after.outcome, at)}; as it was, it had ${countText(before.outcome, at)}`;
}

function whenText({ first, second, others }: DecisivePair): string {
  const listed = others.slice(0, LISTED_MAX).map(([earlier, later]) =>
    `entry ${earlier} before ${later}`
  );
  const more = others.length - listed.length;
  if (more > 0) listed.push(counted(more, "more exchange"));
  const as = listed.length === 0 ? "" : `, with ${listed.join(", ")} as well`;
  return `when ${cited(second)} comes before ${cited(first)}${as}`;
}

/** As short as tells the two apart. */
function endsText({ before, after }: DecisivePair): string {
  const isSameState = before.outcome.state === after.outcome.state;
  const told = (outcome: PermutationOutcome) => isSameState ? stateText(outcome) : outcome.state;
  const now = isOver(after.outcome.state) ? "ends" : "stays";
  const then = isOver(before.outcome.state) ? "ended" : "stayed";
  return `the job ${now} ${told(after.outcome)}; as it was, it ${then} ${told(before.outcome)}`;
}

function pairDetail({ first, second, before, after }: DecisivePair): readonly string[] {
  return [
    `entry ${second.logId} first: ${second.logId} meets ${ruleText(after.secondRule)}, then ` +
    `${first.logId} ${ruleText(after.firstRule)}`,
    `entry ${first.logId} first: ${first.logId} met ${ruleText(before.firstRule)}, then ` +
    `${second.logId} ${ruleText(before.secondRule)}`,
    `entry ${first.logId} is event ${first.eventId}, entry ${second.logId} is ${second.eventId}`,
  ];
}

function missedText({ missed }: PermutationVerdict): readonly string[] {
  const { total, considered } = missed;
  if (total === 0) return [];
  const listed = considered.slice(0, LISTED_MAX).map(cited);
  const more = total - listed.length;
  const names = more === 0 ? listed.join(", ") : `${listed.join(", ")} and ${more} more`;
  const rest = total > considered.length ? `; the first ${considered.length} are considered` : "";
  const came = `${counted(total, "event")} came too late to reach the job, and might have come`;
  return [`${came} earlier: ${names}${rest}`];
}

function earlyText({ early }: PermutationVerdict): readonly string[] {
  const { total, considered } = early;
  if (total === 0) return [];
  const came = `${counted(total, "event")} came before the start, where ` +
    `${total === 1 ? "it counts" : "they count"} for nothing`;
  if (considered.length === 0) return [came];
  const listed = considered.slice(0, LISTED_MAX).map(cited);
  const more = total - listed.length;
  const names = more === 0 ? listed.join(", ") : `${listed.join(", ")} and ${more} more`;
  const rest = total > considered.length ? `; the first ${considered.length} are considered` : "";
  return [`${came}, and might have come later: ${names}${rest}`];
}

function codeText({ hasCode, facts }: PermutationVerdict): readonly string[] {
  return hasCode && facts > 0
    ? ["run is not called: what the job's code did as it was is taken as given in every order"]
    : [];
}

function ruleText(rule: RuleName): string {
  const { state, incoming, condition, next } = RULES[rule];
  const on = condition === "" ? incoming : `${incoming}, ${condition}`;
  return `"${state}: ${on}: ${next}"`;
}

function cited({ eventType, logId }: CitedFact): string {
  return `${eventType} (entry ${logId})`;
}

function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : nouns}`;
}

function isOver(state: StateName): boolean {
  return state === "Done" || state === "Failed";
}

function stateText({ state, failure }: PermutationOutcome): string {
  return failure === undefined ? state : `${state} (${failure.kind})`;
}

function becauseText({ failure }: PermutationOutcome): string {
  return failure === undefined ? "none" : `entry ${failure.because}`;
}

function countText({ expected }: PermutationOutcome, at: number): string {
  const { matched = 0, required = 0 } = expected[at] ?? {};
  return `${matched} of ${required}`;
}
