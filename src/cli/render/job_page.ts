/** Renders one job as a page, and several as a table. */

import { FINAL_BECAUSE, messageText } from "../../core/error_text.ts";
import { correlationText, deadlineText } from "../../explain/words/expectations.ts";
import { progressText } from "../../explain/words/phrases.ts";
import { aligned, fitted, padded, plainText, textWidth } from "../terminal.ts";
import type {
  ExpectationResource,
  FailureResource,
  JobResource,
  JobSummaryResource,
  TaskResource,
} from "../resources.ts";
import { distanceText, durationText } from "../../core/duration.ts";
import { millisecondsBetween, type Times } from "../times.ts";
import { type Paint, painted, paintedState } from "./marks.ts";
import { counted } from "../../core/counted.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import { stateText } from "../../core/condition.ts";

export interface PageOptions {
  readonly paint: Paint;
  readonly times: Times;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where lines are cut; `Infinity` for no limit. */
  readonly columns: number;
}

export function jobPage(job: JobResource, options: PageOptions): readonly string[] {
  return [
    ...headLines(job, options),
    ...parkedLines(job, options),
    ...failureLines(job, options),
    ...section("expected", expectationLines(job, options), options),
    ...section("tasks", taskLines(job.tasks, options), options),
    ...section("input", valueLines(job.input, options), options),
    ...section("output", valueLines(job.output, options), options),
  ];
}

/** A title with its lines; nothing without lines. */
export function section(
  title: string,
  lines: readonly string[],
  { paint }: Pick<PageOptions, "paint">,
): readonly string[] {
  return lines.length === 0 ? [] : ["", paint("bold", title), ...lines.map((line) => `  ${line}`)];
}

function headLines(job: JobResource, options: PageOptions): readonly string[] {
  const { paint } = options;
  const version = job.definitionVersion === null ? "" : ` version ${job.definitionVersion}`;
  const title = `${paint("bold", job.jobId)}  ${plainText(job.type ?? "a plan")}${version}`;
  const facts = jobFacts(job, options).filter(([, text]) => text !== "");
  return [
    title,
    paintedState(paint, job),
    "",
    ...facts.map(([name, text]) => `${paint("dim", padded(name, 9))} ${text}`),
  ];
}

type Fact = readonly [name: string, text: string];

function jobFacts(job: JobResource, { times, now }: PageOptions): readonly Fact[] {
  const { createdAt, startedAt, endedAt, startAt, sleepsUntil } = job;
  const age = distanceText(now - Date.parse(createdAt));
  return [
    ["created", `${times.dayAndTime(createdAt)} ${times.zone}, ${age} ago`],
    ["starts", startAt ? times.dayAndTime(startAt) : ""],
    ["started", startedAt === null ? "" : after(startedAt, "after", createdAt, times)],
    ["sleeps", sleepsUntil ? `until ${times.dayAndTime(sleepsUntil)}` : ""],
    ["ended", endedAt === null ? "" : after(endedAt, "took", startedAt ?? createdAt, times)],
    ["priority", job.priority === 0 ? "" : String(job.priority)],
    [
      "labels",
      plainText(Object.entries(job.labels).map(([key, value]) => `${key}:${value}`).join(" ")),
    ],
    ["retries", job.retryOf ?? ""],
    ["entries", `${job.firstLogId} to ${job.lastLogId}`],
  ];
}

function after(time: string, verb: string, from: string, times: Times): string {
  return `${times.dayAndTime(time)}, ${verb} ${durationText(millisecondsBetween(from, time))}`;
}

function parkedLines({ parked }: JobResource, options: PageOptions): readonly string[] {
  if (parked === undefined) return [];
  const { reason, message, by } = parked;
  const source = options.paint("dim", `${plainText(reason)}, by entry ${by}`);
  return section("parked", [options.paint("red", plainText(message)), source], options);
}

function failureLines({ failure }: JobResource, options: PageOptions): readonly string[] {
  if (failure === null) return [];
  const { taskId, kind, because, error, fingerprint, leftInPlace, cutShort, recoveryRequired } =
    failure;
  const where = taskId === null ? "" : ` in ${taskId}`;
  const others = fingerprint ? [`fingerprint ${plainText(fingerprint)}`] : [];
  return section("failure", [
    `${options.paint("red", plainText(messageText(error)))}`,
    options.paint("dim", [`${kindText(kind)}${where}, by entry ${because}`, ...others].join("; ")),
    ...(leftInPlace.length === 0 ? [] : [`left in place: ${leftInPlace.join(", ")}`]),
    ...(cutShort.length === 0 ? [] : [`cut short, possibly partly done: ${cutShort.join(", ")}`]),
    ...(recoveryRequired ? ["needs attention: some effects could not be undone"] : []),
  ], options);
}

function kindText(kind: FailureResource["kind"]): string {
  return kind === "poison" || kind === "deadLetter" ? `${FINAL_BECAUSE[kind]} (${kind})` : kind;
}

function expectationLines({ expected }: JobResource, options: PageOptions): readonly string[] {
  const heads = aligned(
    expected.map(({ id, matched, required }) => [id, `${matched} of ${required}`, ""]),
  );
  return expected.map((expectation, index) => {
    const head = heads[index]?.join("  ") ?? "";
    const text = fitted(wantedText(expectation), options.columns - textWidth(head) - 4);
    return painted(options.paint, expectation.satisfied ? "completed" : "waiting", head) + text;
  });
}

function wantedText(
  { eventType, taskId, correlation, by, within, waived }: ExpectationResource,
): string {
  const task = taskId === undefined ? "" : ` of ${taskId}`;
  const where = correlation === "any" ? "" : ` with ${correlationText(correlation)}`;
  const entries = by.length === 0
    ? ""
    : `, by ${by.length === 1 ? "entry" : "entries"} ${cites(by)}`;
  const limit = within === undefined ? "" : `, ${deadlineText(within)}`;
  const end = waived === undefined ? limit : `, waived by entry ${waived}`;
  return plainText(`${eventType}${task}${where}${entries}${end}`);
}

const CITES_MAX = 5;

function cites(by: readonly number[]): string {
  const shown = by.slice(0, CITES_MAX).join(", ");
  return by.length > CITES_MAX ? `${shown} and ${by.length - CITES_MAX} more` : shown;
}

const VALUE_LINES_MAX = 20;
/** A value is printed on one line if it is short enough. */
const ONE_LINE_COLUMNS_MAX = 100;

/** A value as JSON, cut if it is long: an input may be a whole file. */
export function valueLines(value: unknown, { columns }: Pick<PageOptions, "columns">) {
  if (value === null || value === undefined) return [];
  const room = Math.min(columns - 2, ONE_LINE_COLUMNS_MAX);
  const oneLine = plainText(JSON.stringify(value));
  if (oneLine.length <= room || typeof value !== "object") return [fitted(oneLine, room)];
  const lines = JSON.stringify(value, null, 2).split("\n").map(plainText);
  const cut = lines.slice(0, VALUE_LINES_MAX).map((line) => fitted(line, room));
  if (lines.length === cut.length) return cut;
  return [...cut, `... ${lines.length - cut.length} more lines; --json shows all`];
}

function taskLines(tasks: readonly TaskResource[], options: PageOptions): readonly string[] {
  const rows = aligned(tasks.map((task) => [
    task.taskId,
    task.status,
    attemptsText(task),
    tookText(task, options),
  ]));
  return tasks.map((task, index) => {
    const row = rows[index] ?? [];
    const [id, status, ...others] = row;
    const room = options.columns - textWidth(row.join("  ")) - 4;
    const note = fitted(plainText(noteText(task, options)), room);
    const cells = [id, painted(options.paint, task.status, status), ...others, note];
    return cells.join("  ").trimEnd();
  });
}

/** `run` is called again after each wait, which is no further attempt. */
function attemptsText({ taskId, attempts }: TaskResource): string {
  if (taskId === MAIN_TASK) return counted(attempts, "call");
  return attempts === 0 ? "a sleep" : counted(attempts, "attempt");
}

/** How long the task took from its first attempt to its end, or until now. */
function tookText({ startedAt, endedAt, status }: TaskResource, { now }: PageOptions): string {
  if (endedAt !== null) return durationText(millisecondsBetween(startedAt, endedAt));
  return status === "abandoned" ? "" : durationText(now - Date.parse(startedAt));
}

function noteText(task: TaskResource, { times }: PageOptions): string {
  const { progress, retryAt, dueAt, error } = task;
  const parts = [
    retryAt === undefined ? "" : `again at ${times.timeOfDay(retryAt)}`,
    dueAt === undefined ? "" : `until ${times.dayAndTime(dueAt)}`,
    progress === undefined || task.endedAt !== null ? "" : progressText(progress),
    error?.message ?? "",
  ];
  return parts.filter((part) => part !== "").join(": ");
}

const HEADS = ["JOB", "TYPE", "STATE", "AGE", "LABELS", "NOW"] as const;
const GAP = "  ";
/** A cell cut to fewer columns would be useless. */
const CUT_COLUMNS_MIN = 6;

/** A header and a line for each job; empty columns are left out. Nothing without jobs. */
export function jobTable(
  jobs: readonly JobSummaryResource[],
  { paint, now, columns }: PageOptions,
): readonly string[] {
  if (jobs.length === 0) return [];
  const cells = jobs.map((job) => jobCells(job, now));
  const shown = HEADS.map((_, column) => cells.some((row) => row[column] !== ""));
  const [head = [], ...rows] = aligned([HEADS, ...cells]);
  return [
    cutLine(head, shown, columns, (_, text) => paint("dim", text)),
    ...rows.map((row, index) =>
      cutLine(row, shown, columns, (column, text) => styledCell(paint, jobs[index], column, text))
    ),
  ];
}

function jobCells(job: JobSummaryResource, now: number): readonly string[] {
  return [
    job.jobId,
    plainText(job.type ?? "(plan)"),
    stateText(job),
    distanceText(now - Date.parse(job.createdAt)),
    plainText(Object.entries(job.labels).map(([name, value]) => `${name}:${value}`).join(" ")),
    plainText(nowText(job)),
  ];
}

/** The running tasks, or the open expectations, or the failure. */
function nowText({ state, failure, open }: JobSummaryResource): string {
  if (failure !== null) return messageText(failure.error);
  if (state !== "Running" || open === undefined) return "";
  if (open.tasks.length > 0) return open.tasks.join(", ");
  return open.expected
    .map(({ id, matched, required }) => `${id} ${matched} of ${required}`)
    .join(", ");
}

const STATE_COLUMN = HEADS.indexOf("STATE");

function styledCell(
  paint: Paint,
  job: JobSummaryResource | undefined,
  column: number,
  text: string,
): string {
  return column !== STATE_COLUMN || job === undefined ? text : paintedState(paint, job, text);
}

/**
 * The cells that fit into the width: one that does not fit is cut, and those after it are left out.
 */
function cutLine(
  cells: readonly string[],
  shown: readonly boolean[],
  columns: number,
  style: (column: number, text: string) => string,
): string {
  let room = columns;
  const parts: string[] = [];
  for (const [column, cell] of cells.entries()) {
    if (shown[column] !== true || room < Math.min(textWidth(cell), CUT_COLUMNS_MIN)) continue;
    const columnsLeft = Math.min(textWidth(cell), room);
    const text = padded(fitted(cell.trimEnd(), columnsLeft), columnsLeft);
    parts.push(style(column, text));
    room -= textWidth(text) + GAP.length;
  }
  return parts.join(GAP).trimEnd();
}
