/**
 * Shortened explanations, for prose, the page of a job and the overview: the cause, at most five
 * reasons, what comes next, and the cited lines. Nothing is repeated.
 */

import { distances, withDistances } from "./distances.ts";
import type {
  Citation,
  Explanation,
  NextStep,
  QueueExplanation,
  Statement,
} from "./explanation.ts";
import { withoutRepeats, withoutSaid } from "./without_repeats.ts";

const REASONS_MAX = 5;
const NEAR_MISSES_MAX = 10;
/** How many citations of one statement are shown; the JSON has the rest. */
export const CITES_MAX = 8;

type Cited = Statement<Citation>;

/** A near miss that the summary does not mention. */
interface BriefMiss extends Cited {
  readonly expectation: string;
}

export interface Brief {
  /** Consecutive parts of the text, each with the evidence for what ends it. */
  readonly summary: readonly Cited[];
  /** At most five. */
  readonly reasons: readonly Cited[];
  /** The number of reasons that are left out. */
  readonly moreReasons: readonly Cited[];
  readonly misses: readonly BriefMiss[];
  /** The number of near misses that are left out. */
  readonly moreMisses: number;
  readonly next: readonly NextStep<Citation>[];
  /** All citations, unsorted. */
  readonly evidence: readonly Citation[];
  /** When the text is read, for relative times. */
  readonly nowMs: number | undefined;
}

/**
 * @param readMs When the text is read, for relative times. A look back gives them as of its point.
 */
export function toBrief(full: Explanation<Citation>, readMs: number | undefined): Brief {
  const { because, waitingFor, contrast, siblings } = full;
  const nowMs = readMs === undefined || full.asOfTime === undefined
    ? readMs
    : Date.parse(full.asOfTime);
  const misses = waitingFor.flatMap(({ expectation, nearMisses }) =>
    nearMisses.map((miss) => ({ ...miss, expectation }))
  );
  const { summary, rest } = withoutRepeats<Citation, Cited>(full.summary, [...because, ...misses]);
  const remaining = new Set(rest);
  const isRemaining = (statement: Cited) => remaining.has(statement);
  const remainingMisses = misses.filter(isRemaining);
  const { shown, more } = shortened(
    because.filter(isRemaining),
    REASONS_MAX - (siblings === undefined ? 0 : 1),
  );
  const reasons = [...shown, ...(siblings === undefined ? [] : [siblings])];
  const saidSince = because.filter((reason) => !more.includes(reason));
  const beside = [contrast, siblings].filter((one) => one !== undefined);
  const evidence = [...saidSince, ...beside, ...misses.slice(0, NEAR_MISSES_MAX), ...full.next];
  const unsaid = <Part extends Cited>(part: Part) => ({
    ...part,
    statement: withoutSaid(part.statement, full.summary),
  });
  return {
    summary: [...positionText(full, readMs), ...distanced(summary, nowMs)],
    reasons: reasons.map(unsaid),
    moreReasons: more,
    misses: remainingMisses.slice(0, NEAR_MISSES_MAX),
    moreMisses: Math.max(0, remainingMisses.length - NEAR_MISSES_MAX),
    next: full.next.map(unsaid).map((step) => distant(step, nowMs)),
    evidence: evidence.flatMap(({ cites }) => cites.slice(0, CITES_MAX)),
    nowMs,
  };
}

export function toQueueBrief(
  { summary: text, because, next }: QueueExplanation<Citation>,
  nowMs: number | undefined,
): Pick<Brief, "summary" | "reasons" | "next" | "evidence"> {
  const { summary, rest } = withoutRepeats<Citation, Cited>(text, because);
  return {
    summary: distanced(summary, nowMs),
    reasons: rest.map((reason) => distant(reason, nowMs)),
    next: next.map((step) => distant(step, nowMs)),
    evidence: [...because, ...next].flatMap(({ cites }) => cites),
  };
}

/** Each line once, in the order of the journal. */
export function distinctLines(citations: readonly Citation[]): readonly Citation[] {
  const cited = new Map(citations.map((citation) => [citation.logId, citation]));
  return [...cited.values()].toSorted((left, right) => left.logId - right.logId);
}

/** Parts of one text. */
function distanced(parts: readonly Cited[], nowMs: number | undefined): readonly Cited[] {
  const distancesFrom = distances(nowMs);
  return parts.map(({ statement, cites }) => ({ statement: distancesFrom(statement), cites }));
}

function distant<Part extends Cited>(part: Part, nowMs: number | undefined): Part {
  return { ...part, statement: withDistances(part.statement, nowMs) };
}

/** The first ones, and the origin of the job, which ends every chain. */
function shortened(
  reasons: readonly Cited[],
  max: number,
): { readonly shown: readonly Cited[]; readonly more: readonly Cited[] } {
  if (reasons.length <= max) return { shown: reasons, more: [] };
  return {
    shown: [...reasons.slice(0, max - 1), ...reasons.slice(-1)],
    more: reasons.slice(max - 1, -1),
  };
}

/** `As of entry 17, received at ...: `, for a look back. */
function positionText({ asOf, asOfTime }: Explanation<Citation>, readMs: number | undefined) {
  if (asOfTime === undefined) return [];
  const statement = `As of entry ${asOf}, received at ${asOfTime}: `;
  return [distant({ statement, cites: [] }, readMs)];
}
