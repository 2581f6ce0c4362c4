/** Explanations as text for a terminal: of a job, and of an event, all work, limits, or a value. */

import { counted } from "../core/counted.ts";
import { withDistances } from "../core/duration.ts";
import { wrapped } from "../core/wrapped.ts";
import { type Brief, CITES_MAX, distinctLines, toBrief, toQueueBrief } from "./brief.ts";
import type {
  About,
  Action,
  Citation,
  EventExplanation,
  Explanation,
  NextStep,
  QueueExplanation,
  Statement,
} from "./statements/explanation.ts";
import type { LimitsWhatIf } from "./replay/limits_what_if.ts";
import { timingText } from "./past/timing.ts";
import { WAITS_FOR } from "./open/waiting.ts";

/** The width of a line when that of the screen is unknown. */
export const WIDTH = 78;
/** How many completed items are shown: the last ones. */
export const COMPLETED_MAX = 12;
/** A longer command is too long to paste. */
const COMMAND_LENGTH_MAX = 4_000;
const STILL_TO_COME_MAX = 10;

export interface TextOptions {
  /** The command for an action, such as a call of curl. */
  commandOf(action: Action): string;
  /** In columns. */
  readonly width?: number;
  /** When the text is read, for relative times. A look back gives them as of its point. */
  readonly nowMs?: number;
}

/** Ends with a newline. Numbers in brackets are positions, whose lines are listed at the end. */
export function explanationText(
  statements: Explanation<Citation>,
  { commandOf, width = WIDTH, nowMs }: TextOptions,
): string {
  const brief = toBrief(statements, nowMs);
  const completed = statements.completed.slice(-COMPLETED_MAX);
  return pageText(width, summaryText(brief.summary), {
    "Why": bullets(brief.reasons, width),
    "Still to come": stillToCome(statements, width),
    "Near misses": nearMissLines(brief, statements.waitingFor.length, width),
    "Completed": completedLines(statements, completed, width),
    "Next": nextLines(brief.next, commandOf, width),
    "Timing": wrapped(width, withDistances(timingText(statements), brief.nowMs), "  ", "  "),
    "Summed up": [...leftOut(brief), ...summedUpTexts(statements)]
      .flatMap((text) => item(text, width)),
  }, [...brief.evidence, ...completed.flatMap(({ cites }) => cites)]);
}

/** A summary, and sections by their titles; those without lines are left out. */
export function pageText(
  width: number,
  summary: string,
  sections: Readonly<Record<string, readonly string[]>>,
  evidence: readonly Citation[],
): string {
  const all = Object.entries({ ...sections, Evidence: evidenceLines(evidence) });
  const lines = [
    ...wrapped(width, summary, "", ""),
    ...all.flatMap(([title, lines]) => lines.length === 0 ? [] : ["", title, ...lines]),
  ];
  return lines.join("\n") + "\n";
}

/** The summary with references to its evidence. */
function summaryText(parts: readonly Statement<Citation>[]): string {
  return parts.map(({ statement, cites }) => statement + refs(cites)).join("");
}

function leftOut({ moreReasons: { length } }: Brief): readonly string[] {
  const are = counted(length, "more reason is", "more reasons are");
  return length === 0 ? [] : [`${are} in the JSON of this explanation.`];
}

/** Expectations of the plan that the reasons do not mention. */
function stillToCome(
  { because, waitingFor }: Explanation<Citation>,
  width: number,
): readonly string[] {
  const areSaid = because.some(({ statement }) => statement.startsWith(WAITS_FOR));
  return areSaid ? [] : bullets(waitingFor.slice(0, STILL_TO_COME_MAX), width);
}

/** What comes next, each with its command. */
function nextLines(
  next: readonly NextStep<Citation>[],
  commandOf: TextOptions["commandOf"],
  width: number,
): readonly string[] {
  return next.flatMap((step) => [...bullets([step], width), ...commandLines(step, commandOf)]);
}

function commandLines(
  { action }: NextStep<Citation>,
  commandOf: TextOptions["commandOf"],
): readonly string[] {
  if (action === undefined) return [];
  const command = commandOf(action);
  return command.length <= COMMAND_LENGTH_MAX
    ? [`    ${command}`]
    : [`    (${command.length} characters; see the JSON of this explanation)`];
}

function bullets(
  statements: readonly Statement<Citation>[],
  width: number,
): readonly string[] {
  return statements.flatMap(({ statement, cites }) => item(`${statement}${refs(cites)}`, width));
}

export function item(text: string, width: number): readonly string[] {
  return wrapped(width, text, "  - ", "    ");
}

/** What is counted instead of described, as sentences. */
export function summedUpTexts({ summedUp }: Explanation<unknown>): readonly string[] {
  const { entries, completed = 0, waitingFor = 0 } = summedUp ?? {};
  return [
    ...(entries === undefined ? [] : [
      `${counted(entries.count, "entry", "entries")} from ${entries.from} to ${entries.to} are ` +
      "included, but not described one by one.",
    ]),
    ...(completed === 0 ? [] : [
      `${
        counted(completed, "step that completed earlier is", "steps that completed earlier are")
      } not listed.`,
    ]),
    ...(waitingFor === 0
      ? []
      : [`${counted(waitingFor, "more expectation is", "more expectations are")} open.`]),
  ];
}

function refs(cites: readonly Citation[]): string {
  const shown = cites.slice(0, CITES_MAX).map(({ logId }) => logId);
  if (shown.length === 0) return "";
  return ` [${shown.join(", ")}${cites.length > shown.length ? ", ..." : ""}]`;
}

/** Names the expectation of each, if there are several. */
function nearMissLines(
  { misses, moreMisses }: Brief,
  waits: number,
  width: number,
): readonly string[] {
  const named = misses.map(({ expectation, ...miss }) =>
    waits === 1 ? miss : { ...miss, statement: `For "${expectation}": ${miss.statement}` }
  );
  const shown = bullets(named, width);
  return moreMisses === 0 ? shown : [...shown, `  - ${moreMisses} more after these.`];
}

function completedLines(
  { completed, summedUp }: Explanation<Citation>,
  last: Explanation<Citation>["completed"],
  width: number,
): readonly string[] {
  const shown = bullets(last, width);
  const before = completed.length - last.length + (summedUp?.completed ?? 0);
  return before === 0 ? shown : [`  - ${before} more before these.`, ...shown];
}

function evidenceLines(citations: readonly Citation[]): readonly string[] {
  return distinctLines(citations).map(({ logId, segment, line, eventType, eventId, rule }) =>
    `  [${logId}] ${segment}:${line} ${eventType} ${eventId}` +
    (rule === undefined ? "" : ` (rule ${rule})`)
  );
}

export function eventExplanationText(
  { summary, reached, more = 0, nearly, refused }: EventExplanation<Citation>,
): string {
  const unlisted = more === 0 ? [] : item(`${counted(more, "more job")} that it reached.`, WIDTH);
  const all = [...reached, ...nearly, ...refused];
  return pageText(WIDTH, summary, {
    "Reached": [...bullets(reached, WIDTH), ...unlisted],
    "Nearly": bullets(nearly, WIDTH),
    "Refused under its id": bullets(refused, WIDTH),
  }, all.flatMap(({ cites }) => cites.slice(0, CITES_MAX)));
}

export function queueExplanationText(
  explanation: QueueExplanation<Citation>,
  { commandOf, width = WIDTH, nowMs }: TextOptions,
): string {
  const { summary, reasons, next, evidence } = toQueueBrief(explanation, nowMs);
  return pageText(width, summaryText(summary), {
    "Why": bullets(reasons, width),
    "Next": nextLines(next, commandOf, width),
  }, evidence);
}

/** What other limits would change for a job. */
export function limitsWhatIfText(
  { statement, because, assumes }: Pick<
    LimitsWhatIf<Citation>,
    "statement" | "because" | "assumes"
  >,
): string {
  return pageText(WIDTH, statement, {
    "Why": bullets(because, WIDTH),
    "Assumptions": assumes.flatMap((text) => item(text, WIDTH)),
  }, because.flatMap(({ cites }) => cites));
}

/** The jobs and events that carry a value; the lists say what the summary says of each. */
export function aboutText({ summary, jobs, events }: About<Citation>): string {
  const all = [...jobs, ...events];
  const lead = all.reduce((text, { statement }) => text.replace(` ${statement}`, ""), summary);
  return pageText(WIDTH, lead, {
    "Jobs": bullets(jobs, WIDTH),
    // The summary is about the newest one if there is no job.
    "Events": bullets(jobs.length === 0 ? events.slice(1) : events, WIDTH),
  }, all.flatMap(({ cites }) => cites));
}
