/** An explanation as text for a terminal. */

import { type Condition, conditionText } from "../core/condition.ts";
import { counted } from "../core/counted.ts";
import type { Action, Citation, Explanation, NextStep, Statement } from "./explanation.ts";
import { wrapped } from "../core/wrapped.ts";
import { durationText } from "../core/duration.ts";
import { withDistances } from "./distances.ts";
import { capital } from "./phrases.ts";
import { saidOnce, withoutSaid } from "./said_once.ts";
import { spentText } from "./spent_text.ts";

/** Columns of a line, where nobody knows the width of the screen. */
export const WIDTH = 78;
/** Of long lists of what is done, the last so many are shown. */
const COMPLETED_MAX = 12;
/** A longer command is nothing to paste from a screen. */
const COMMAND_LENGTH_MAX = 4_000;
const STILL_TO_COME_MAX = 10;
const REASONS_MAX = 5;
/** Of many near misses, the first so many. */
const NEAR_MISSES_MAX = 10;

export interface TextOptions {
  /** The command that does what an action says, such as a call of curl. */
  commandOf(action: Action): string;
  /** Columns of a line. */
  readonly width?: number;
  /** When it is read: times then say how far they are; a look back says it as of then. */
  readonly nowMs?: number;
}

/** Ends with a newline. Numbers in brackets are positions; the last part says where they are. */
export function explanationText(
  told: Explanation<Citation>,
  { commandOf, width = WIDTH, nowMs: readMs }: TextOptions,
): string {
  const nowMs = readMs === undefined || told.asOfTime === undefined
    ? readMs
    : Date.parse(told.asOfTime);
  const { siblings, next } = told;
  const { summary, because, misses } = untold(told);
  const shown = (one: Statement<Citation>) => ({
    ...one,
    statement: withoutSaid(one.statement, told.summary),
  });
  const reasons = [...shownReasons(because), ...(siblings === undefined ? [] : [siblings])];
  const opening = withDistances(thenText(told), readMs) + withDistances(summary, nowMs);
  const lines = [
    ...wrapped(width, opening, "", ""),
    ...section("Why", reasons.flatMap((reason) => bullet(shown(reason), width))),
    ...section("Still to come", stillToCome(told, width)),
    ...section("Near misses", nearMissLines(misses, told.waitingFor.length, width)),
    ...section("Completed", completedLines(told, width)),
    ...section(
      "Next",
      next.flatMap((step) => {
        const { statement, cites } = shown(step);
        return [
          ...bullet({ statement: withDistances(statement, nowMs), cites }, width),
          ...commandLines(step, commandOf),
        ];
      }),
    ),
    ...section("Timing", wrapped(width, withDistances(timingText(told), nowMs), "  ", "  ")),
    ...section(
      "Summed up",
      [...leftOut(because), ...summedUpTexts(told)].flatMap((text) => item(text, width)),
    ),
    ...section("Evidence", evidenceLines(citedIn(told))),
  ];
  return lines.join("\n") + "\n";
}

/** What is told beside the summary, which has the evidence of what it tells itself. */
function untold({ summary, because, waitingFor }: Explanation<Citation>) {
  const reasons = saidOnce(summary, because, ({ cites }) => refs(cites));
  const misses = saidOnce(
    reasons.summary,
    nearMissesOf(waitingFor).map(({ expectation, miss }) => ({ ...miss, expectation })),
    ({ cites }) => refs(cites),
  );
  return { summary: misses.summary, because: reasons.rest, misses: misses.rest };
}

/** `As of entry 17, received at ...: `, of a look back. */
function thenText({ asOf, asOfTime }: Explanation<Citation>): string {
  return asOfTime === undefined ? "" : `As of entry ${asOf}, received at ${asOfTime}: `;
}

/** What the job shares with others; of the contrast the summary tells. */
function besideIt({ contrast, siblings }: Explanation<Citation>): readonly Statement<Citation>[] {
  return [contrast, siblings].filter((one) => one !== undefined);
}

/** At most five: the first four, and where the job comes from, in which every chain ends. */
export function shownReasons<Reason>(because: readonly Reason[]): readonly Reason[] {
  return because.length <= REASONS_MAX
    ? because
    : [...because.slice(0, REASONS_MAX - 1), ...because.slice(-1)];
}

function leftOut(because: readonly unknown[]): readonly string[] {
  const more = because.length - shownReasons(because).length;
  return more === 0 ? [] : [
    `${counted(more, "more reason")} ${more === 1 ? "is" : "are"} in the JSON of this explanation.`,
  ];
}

/** What the plan still expects, where the reasons did not tell of it. */
function stillToCome(
  { because, waitingFor }: Explanation<Citation>,
  width: number,
): readonly string[] {
  const told = because.map(({ statement }) => statement);
  const untold = waitingFor.filter((wait) => !told.some((one) => one.endsWith(wait.statement)));
  if (told.some((one) => one.startsWith("It waits for "))) return [];
  return untold.slice(0, STILL_TO_COME_MAX).flatMap((wait) => bullet(wait, width));
}

export function commandLines(
  { action }: NextStep<Citation>,
  commandOf: TextOptions["commandOf"],
): readonly string[] {
  if (action === undefined) return [];
  const command = commandOf(action);
  return command.length <= COMMAND_LENGTH_MAX
    ? [`    ${command}`]
    : [`    (${command.length} characters: the JSON of this explanation has it)`];
}

export function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

export function bullet(
  { statement, cites }: Statement<Citation>,
  width: number,
): readonly string[] {
  return item(`${statement}${refs(cites)}`, width);
}

export function item(text: string, width: number): readonly string[] {
  return wrapped(width, text, "  - ", "    ");
}

/** What is counted and not told one by one, as sentences. */
export function summedUpTexts({ summedUp }: Explanation<unknown>): readonly string[] {
  const { entries, completed = 0, waitingFor = 0 } = summedUp ?? {};
  return [
    ...(entries === undefined ? [] : [
      `${counted(entries.count, "entry", "entries")} from ${entries.from} to ${entries.to} count ` +
      "in all of this, and are not looked at one by one.",
    ]),
    ...(completed === 0 ? [] : [
      `${counted(completed, "step", "steps")} that completed earlier ${
        completed === 1 ? "is" : "are"
      } not listed.`,
    ]),
    ...(waitingFor === 0 ? [] : [
      `${counted(waitingFor, "more expectation")} ${waitingFor === 1 ? "is" : "are"} open.`,
    ]),
  ];
}

export function refs(cites: readonly Citation[]): string {
  const shown = cites.slice(0, 8).map(({ logId }) => logId);
  if (shown.length === 0) return "";
  return ` [${shown.join(", ")}${cites.length > shown.length ? ", ..." : ""}]`;
}

/** Which expectation each is of, where there are several. */
function nearMissLines(
  misses: readonly (Statement<Citation> & { readonly expectation: string })[],
  waits: number,
  width: number,
): readonly string[] {
  const shown = misses.slice(0, NEAR_MISSES_MAX).flatMap(({ expectation, ...miss }) =>
    bullet(
      waits === 1 ? miss : { ...miss, statement: `For "${expectation}": ${miss.statement}` },
      width,
    )
  );
  const hidden = misses.length - NEAR_MISSES_MAX;
  return hidden <= 0 ? shown : [...shown, `  - ${hidden} more after these.`];
}

function nearMissesOf(waitingFor: Explanation<Citation>["waitingFor"]) {
  return waitingFor.flatMap(({ expectation, nearMisses }) =>
    nearMisses.map((miss) => ({ expectation, miss }))
  );
}

function completedLines(
  { completed, summedUp }: Explanation<Citation>,
  width: number,
): readonly string[] {
  const hidden = completed.length - COMPLETED_MAX;
  const shown = completed.slice(Math.max(0, hidden)).flatMap((item) => bullet(item, width));
  const before = Math.max(0, hidden) + (summedUp?.completed ?? 0);
  return before === 0 ? shown : [`  - ${before} more before these.`, ...shown];
}

/** `Waiting since 2026-...; before that: queued 2 ms, executing 1.204 s.` */
function timingText({ condition, timing }: Explanation<Citation>): string {
  const spent = spentText(timing, durationText);
  if (isOver(condition)) {
    const sum = `${durationText(timing.totalMs)} in all`;
    return spent === "" ? `${sum}.` : `${sum}: ${spent}.`;
  }
  const now = `${
    capital(condition === "created" ? "not started" : conditionText(condition))
  } since ${timing.since}`;
  return spent === "" ? `${now}.` : `${now}; before that: ${spent}.`;
}

function isOver(condition: Condition): condition is "succeeded" | "failed" | "cancelled" {
  return condition === "succeeded" || condition === "failed" || condition === "cancelled";
}

function citedIn(explanation: Explanation<Citation>): readonly Citation[] {
  const { because, waitingFor, completed, next } = explanation;
  const statements = [
    ...shownReasons(because),
    ...besideIt(explanation),
    ...nearMissesOf(waitingFor).slice(0, NEAR_MISSES_MAX).map(({ miss }) => miss),
    ...completed.slice(-COMPLETED_MAX),
    ...next,
  ];
  return statements.flatMap(({ cites }) => cites.slice(0, 8));
}

export function evidenceLines(citations: readonly Citation[]): readonly string[] {
  const cited = new Map(citations.map((citation) => [citation.logId, citation]));
  return [...cited.values()]
    .toSorted((left, right) => left.logId - right.logId)
    .map(({ logId, segment, line, eventType, eventId, rule }) =>
      `  [${logId}] ${segment}:${line} ${eventType} ${eventId}` +
      (rule === undefined ? "" : ` (rule ${rule})`)
    );
}
