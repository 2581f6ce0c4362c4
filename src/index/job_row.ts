/**
 * How a job is stored: as JSON, and as a narrow row with its searchable columns and its summary. The
 * checksum of the row covers all columns but `awake`, so that a damaged row is never shown.
 */

import type { SQLInputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { JobId, LogId, TaskId } from "../core/ids.ts";
import type { CompletedTask, JobState, TaskState } from "../core/job_state.ts";
import type { FailureSummary, JobSummary, ProgressSummary } from "../core/job_summary.ts";
import type { EndedJob } from "../engine/job_index.ts";
import { searchable } from "./conditions.ts";
import { insertion, type Row } from "./database.ts";
import { timeMs } from "../core/duration.ts";
import { type JobPlan, MAIN_ONLY_PLAN, sharedPlan } from "../core/job_plan.ts";
import { shared } from "../core/expectations.ts";
import type { JsonValue } from "../core/json.ts";
import { parseJsonText } from "../core/json_text.ts";
import type { KnownEntry } from "../engine/ports.ts";

const COLUMNS = [
  ...["first", "last", "job_id", "condition", "type", "version", "priority", "created"],
  ...["started", "ended", "labels", "text", "key", "fingerprint", "retried", "awaits", "sealed"],
  ...["queued", "more"],
] as const;

const CHECKED = [...COLUMNS, "crc"];
export const SELECT_ROW = `SELECT ${CHECKED.join(", ")} FROM jobs WHERE`;
const WRITTEN = [...CHECKED, "awake"];
/**
 * Replaces the row of the same job. `OR REPLACE` would search every index of the table, and take
 * half as long again.
 */
export const PUT_ROW = insertion(
  `INSERT INTO jobs (${WRITTEN.join(", ")})`,
  WRITTEN.length,
  " ON CONFLICT (first) DO UPDATE SET " +
    WRITTEN.slice(1).map((column) => `${column} = excluded.${column}`).join(", "),
);

/** What only few jobs have, and what a column cannot hold exactly. */
interface More {
  readonly createdAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly retryOf?: JobId;
  readonly progress?: ProgressSummary;
  readonly failure?: Omit<FailureSummary, "fingerprint">;
}

/** The parameters of `PUT_ROW`. */
export function toRow(ended: EndedJob): readonly SQLInputValue[] {
  const { job, summary, text, awaitsOutside, retriedAt, isAwake } = ended;
  const { labels, failure, createdAt, startedAt, endedAt } = summary;
  const values = [
    summary.firstLogId,
    summary.lastLogId,
    summary.jobId,
    summary.condition,
    summary.type,
    summary.definitionVersion,
    summary.priority,
    timeMs(createdAt),
    startedAt === null ? null : timeMs(startedAt),
    endedAt === null ? null : timeMs(endedAt),
    hasAny(labels) ? JSON.stringify(labels) : null,
    searchable(text),
    job.idempotency?.key ?? null,
    failure?.fingerprint ?? null,
    retriedAt ?? null,
    awaitsOutside ? 1 : null,
    sealedColumn(job),
    summary.queuedMs,
    moreColumn(summary),
  ];
  return [...values, checksumOf(values), isAwake ? 1 : 0];
}

/** `null` when the input is not sealed; otherwise 1 if it is to be removed, 0 if it is kept. */
function sealedColumn({ sealed }: JobState): SQLInputValue {
  if (sealed === undefined) return null;
  return sealed.retention === "keep" ? 0 : 1;
}

/** The same row with some columns changed, and not awake, as `PUT_ROW` takes it. */
export function changedRow(row: Row, changes: Row): readonly SQLInputValue[] {
  const values = rowValues({ ...row, ...changes });
  return [...values, checksumOf(values), 0];
}

/** Whether the row still matches its checksum. */
export function isWhole(row: Row): boolean {
  return checksumOf(rowValues(row)) === row["crc"];
}

/** The summary, except for `retriedBy`: the row holds only where the retry was created. */
export function summaryIn(row: Row): JobSummary {
  const more: More = row["more"] === null ? {} : JSON.parse(row["more"] as string);
  const condition = row["condition"] as Condition;
  return {
    jobId: row["job_id"] as JobId,
    type: row["type"] as string | null,
    definitionVersion: row["version"] as number | null,
    state: condition === "succeeded" ? "Done" : "Failed",
    condition,
    createdAt: more.createdAt ?? formatTime(row["created"]),
    startedAt: more.startedAt ?? (row["started"] === null ? null : formatTime(row["started"])),
    endedAt: more.endedAt ?? (row["ended"] === null ? null : formatTime(row["ended"])),
    firstLogId: row["first"] as LogId,
    lastLogId: row["last"] as LogId,
    priority: row["priority"] as number,
    labels: row["labels"] === null ? {} : JSON.parse(row["labels"] as string),
    ...(more.retryOf === undefined ? {} : { retryOf: more.retryOf }),
    progress: more.progress ?? COMMON_PROGRESS,
    queuedMs: row["queued"] as number | null,
    failure: more.failure === undefined ? null : failureIn(more.failure, row),
  };
}

function failureIn(failure: NonNullable<More["failure"]>, { fingerprint }: Row): FailureSummary {
  const { kind, taskId, error, recoveryRequired, because } = failure;
  return {
    kind,
    taskId,
    error,
    fingerprint: fingerprint as ErrorFingerprint | null,
    recoveryRequired,
    because,
  };
}

/** The progress of most jobs. */
const COMMON_PROGRESS: ProgressSummary = { satisfied: 0, expected: 0, attempts: 1 };

function moreColumn(summary: JobSummary): string | null {
  const { createdAt, startedAt, endedAt, retryOf, progress, failure } = summary;
  const areExact = isExact(createdAt) && isExact(startedAt) && isExact(endedAt);
  if (areExact && failure === null && retryOf === undefined && isCommon(progress)) return null;
  return JSON.stringify({
    createdAt: isExact(createdAt) ? undefined : createdAt,
    startedAt: isExact(startedAt) ? undefined : startedAt,
    endedAt: isExact(endedAt) ? undefined : endedAt,
    retryOf,
    progress: isCommon(progress) ? undefined : progress,
    failure: failure === null ? undefined : { ...failure, fingerprint: undefined },
  });
}

function isCommon({ satisfied, expected, attempts }: ProgressSummary): boolean {
  return satisfied === 0 && expected === 0 && attempts === 1;
}

/** The form of most times. Of days 29 to 31, it includes only those that the month always has. */
const EXACT =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** Whether the milliseconds of a time convert back to the same text. */
function isExact(time: string | null): boolean {
  if (time === null || EXACT.test(time)) return true;
  const milliseconds = Date.parse(time);
  return !Number.isNaN(milliseconds) && formatTime(milliseconds) === time;
}

function formatTime(milliseconds: SQLInputValue | undefined): string {
  return new Date(milliseconds as number).toISOString();
}

function rowValues(row: Row): SQLInputValue[] {
  return COLUMNS.map((column) => row[column] ?? null);
}

function checksumOf(values: readonly SQLInputValue[]): number {
  return crc32(values.join("\n"));
}

function hasAny(labels: Readonly<Record<string, string>>): boolean {
  for (const _name in labels) return true;
  return false;
}

// A whole job is stored as JSON, without what most jobs have in common. A three-task job takes half
// of the space, and is written faster.

/**
 * A task that completed at its first attempt, and has nothing else to record: `taskId`, `startedAt`,
 * `firstLogId`, `endedAt`, `completedBy` and `result`.
 */
type PlainTask = readonly [TaskId, string, LogId, string, LogId, JsonValue];

/** `null` stands for the plan that awaits only `main`. */
type StoredJob = Omit<JobState, "plan" | "tasks"> & {
  readonly plan: JobPlan | null;
  readonly tasks: readonly (TaskState | PlainTask)[];
};

export function storedText(job: JobState): string {
  const plan = job.plan === MAIN_ONLY_PLAN ? null : job.plan;
  return JSON.stringify({ ...job, plan, tasks: job.tasks.map(storedTask) } satisfies StoredJob);
}

/** @throws {SyntaxError} when the text is not JSON. */
export function parseStored(text: string): JobState {
  const stored = parseJsonText(text) as StoredJob;
  return {
    ...stored,
    plan: stored.plan === null ? MAIN_ONLY_PLAN : sharedPlan(stored.plan),
    tasks: stored.tasks.map(restoredTask),
    expected: shared(stored.expected),
  } as JobState;
}

/**
 * The last entry of the job that ended last, up to a position; `undefined` without one, or if it
 * cannot be read whole.
 *
 * @param get Reads one row of the index.
 */
export function knownEntry(
  get: (sql: string, value: LogId) => Row | undefined,
  upTo: LogId,
): KnownEntry | undefined {
  try {
    const row = get(
      "SELECT last, crc, job FROM states WHERE last <= ? ORDER BY last DESC LIMIT 1",
      upTo,
    );
    if (row === undefined || crc32(row["job"] as string) !== row["crc"]) return undefined;
    const { jobId, lastLogId: logId } = parseStored(row["job"] as string);
    return logId === row["last"] ? { logId, jobId } : undefined;
  } catch {
    return undefined; // Reported where the index is used.
  }
}

function storedTask(task: TaskState): TaskState | PlainTask {
  if (task.status !== "completed" || !isPlain(task)) return task;
  const { taskId, startedAt, firstLogId, endedAt, completedBy, result = null } = task;
  return [taskId, startedAt, firstLogId, endedAt, completedBy, result];
}

function isPlain(task: CompletedTask): boolean {
  return task.attempts === 1 && task.failures === 0 && task.interruptions === 0 &&
    !task.compensable && task.lastLogId === task.completedBy && task.result !== undefined &&
    task.progress === undefined && task.reusedFrom === undefined && task.compensation === undefined;
}

/** Its members are in the order in which the projector sets them. */
function restoredTask(stored: TaskState | PlainTask): TaskState {
  if (!isList(stored)) return stored;
  const [taskId, startedAt, firstLogId, endedAt, completedBy, result] = stored;
  return {
    taskId,
    attempts: 1,
    failures: 0,
    interruptions: 0,
    startedAt,
    firstLogId,
    compensable: false,
    status: "completed",
    endedAt,
    completedBy,
    lastLogId: completedBy,
    result,
  };
}

function isList(stored: TaskState | PlainTask): stored is PlainTask {
  return Array.isArray(stored);
}
