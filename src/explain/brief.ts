/**
 * Shortened explanations, for prose, the page of a job and the overview: the cause, at most five
 * reasons, what comes next, and the cited lines. Nothing is repeated: what the summary says is left
 * out below it, and its evidence moves up to the summary.
 */

import { inOrder } from "../core/ascending.ts";
import { distances, TIME, withDistances } from "../core/duration.ts";
import type {
  Citation,
  Explanation,
  NextStep,
  QueueExplanation,
  Statement,
} from "./statements/explanation.ts";
import { HELD_BY } from "./queue/queue_holders.ts";
import { SPENT } from "./ended/time_spent.ts";

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
  const shownMisses = remainingMisses.slice(0, NEAR_MISSES_MAX);
  const saidMisses = [...misses.filter((miss) => !isRemaining(miss)), ...shownMisses];
  const onceMore = repeated(misses);
  const { shown, more } = firstAndLast(
    because.filter(isRemaining),
    REASONS_MAX - (siblings === undefined ? 0 : 1),
  );
  const reasons = [...shown, ...(siblings === undefined ? [] : [siblings])];
  const saidSince = because.filter((reason) => !more.includes(reason));
  const beside = [contrast, siblings].filter((one) => one !== undefined);
  const evidence = [...saidSince, ...beside, ...saidMisses, ...full.next];
  const unsaid = <Part extends Cited>(part: Part) => ({
    ...part,
    statement: withoutSaid(part.statement, full.summary),
  });
  return {
    summary: [...positionText(full, readMs), ...distanced(summary, nowMs)],
    reasons: reasons.map(unsaid),
    moreReasons: more,
    misses: shownMisses.map((miss) => onceMore.get(miss) ?? miss),
    moreMisses: remainingMisses.length - shownMisses.length,
    next: full.next.map(unsaid).map((step) => distant(step, nowMs)),
    evidence: evidence.flatMap(({ cites }) => cites.slice(0, CITES_MAX)),
    nowMs,
  };
}

/** Near misses that differ from an earlier one in their time alone, and how they are described. */
function repeated(misses: readonly BriefMiss[]): ReadonlyMap<BriefMiss, BriefMiss> {
  const forms = new Set<string>();
  const repeats = new Map<BriefMiss, BriefMiss>();
  for (const miss of misses) {
    const [time = ""] = TIME.exec(miss.statement) ?? [];
    const form = JSON.stringify([miss.expectation, miss.statement.replace(time, "")]);
    if (forms.has(form)) {
      repeats.set(miss, { ...miss, statement: `Another like it came at ${time}.` });
    }
    forms.add(form);
  }
  return repeats;
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
  return inOrder(new Map(citations.map((citation) => [citation.logId, citation])).values());
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
function firstAndLast(
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

/** Beginnings of statements that the summary leaves out. */
const BEGINNINGS = [SPENT, HELD_BY];
/** Shorter pieces are easier to repeat than to look up. */
const PIECE_LENGTH_MIN = 12;

interface Said<Cite, Item> {
  /** In parts, each with the evidence up to its end. */
  readonly summary: readonly Statement<Cite>[];
  /** The statements that remain. */
  readonly rest: readonly Item[];
}

export function withoutRepeats<Cite, Item extends Statement<Cite>>(
  summary: string,
  statements: readonly Item[],
): Said<Cite, Item> {
  const ends = new Map<number, readonly Cite[]>();
  const rest = statements.filter(({ statement, cites }) => {
    const piece = pieceOf(statement);
    const at = summary.indexOf(piece);
    if (at < 0 || piece.length < PIECE_LENGTH_MIN) return true;
    const end = at + piece.length;
    ends.set(end, [...ends.get(end) ?? [], ...cites]);
    return false;
  });
  const cuts = [...ends.keys(), summary.length].toSorted((left, right) => left - right);
  const parts = cuts.map((end, index) => ({
    statement: summary.slice(cuts[index - 1] ?? 0, end),
    cites: ends.get(end) ?? [],
  }));
  return { summary: parts.filter(({ statement }) => statement !== ""), rest };
}

/**
 * The statement without its beginning, without its first letter, which may be a capital, and
 * without the full stop.
 */
function pieceOf(statement: string): string {
  const beginning = BEGINNINGS.find((one) => statement.startsWith(one)) ?? "";
  return statement.slice(beginning.length || 1, statement.endsWith(".") ? -1 : undefined);
}

/** The statement without what the summary says: its last sentence, or the error it quotes. */
export function withoutSaid(statement: string, summary: string): string {
  const last = statement.lastIndexOf(". ");
  const sentence = last < 0 ? "" : pieceOf(statement.slice(last + 2));
  return sentence.length >= PIECE_LENGTH_MIN && summary.includes(sentence)
    ? statement.slice(0, last + 1)
    : withoutQuoted(statement, summary);
}

function withoutQuoted(statement: string, summary: string): string {
  for (let at = statement.indexOf(": "); at >= 0; at = statement.indexOf(": ", at + 2)) {
    const [quoted = ""] = /^.*?(?=, thrown at |\.$)/.exec(statement.slice(at + 2)) ?? [];
    const isInBrackets = /\([^)]*$/.test(statement.slice(0, at));
    if (isInBrackets || quoted.length < PIECE_LENGTH_MIN || !summary.includes(quoted)) continue;
    return statement.slice(0, at) + statement.slice(at + 2 + quoted.length);
  }
  return statement;
}
