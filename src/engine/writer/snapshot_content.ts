/**
 * The engine's content of a snapshot: jobs with their trails, and marks that locate entries by
 * time. With an index, it has only unfinished jobs, and names the position up to which the index
 * has the ended ones and the event ids. Without one, it has everything. A cache: all of it can be
 * derived from the journal.
 */

import { Buffer } from "node:buffer";
import { parseJsonText } from "../../core/json_text.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { shared } from "../../core/expectations.ts";
import type { ChangedLimits } from "../../core/changed_limits.ts";
import type { Pause } from "../../core/pauses.ts";
import type { EventIds } from "./event_ids.ts";
import type { FailuresByType, InForce, RecentFailures } from "./in_force.ts";
import { joined } from "../../core/joined.ts";
import type { JobTable, KeptJob } from "./job_table.ts";
import type { KeptStarts, Places, Starts } from "./places.ts";
import type { JournalHead } from "../ports.ts";
import { parseTrail, trailBytes } from "./trail.ts";

/**
 * Incremented when a state, a line of the content, or a table of the index changes its meaning: the
 * index holds such states too, and a start may keep it without a snapshot.
 */
export const CACHE_VERSION = 14;
/** Bytes of a column per line. */
const PART_BYTES = 3 * 64 * 1024;

/** Columns of numbers, each split into as many lines as it needs. */
const COLUMN_NAMES = ["eventTimes", "eventIds"] as const;
type ColumnName = (typeof COLUMN_NAMES)[number];
type Columns = Readonly<Record<ColumnName, Uint8Array>>;
const NOTHING = new Uint8Array();

type ContentLine =
  | { readonly content: number; readonly index?: JournalHead }
  | { readonly pauses: readonly Pause[] }
  | { readonly failures: FailuresByType }
  | { readonly places: Places["all"] }
  | { readonly starts: KeptStarts }
  | { readonly limits: readonly ChangedLimits[] }
  | { readonly job: JobState; readonly trail: string }
  | { readonly column: ColumnName; readonly part: string };

/** Everything derived from the entries. */
interface Projected {
  readonly table: JobTable;
  readonly eventIds: EventIds;
  readonly pauses: InForce<Pause>;
  readonly failures: RecentFailures;
  readonly places: Places;
  readonly starts: Starts;
  readonly limitChanges: InForce<ChangedLimits>;
}

/** The content as of now; later changes do not affect it. */
export function captureContent(projected: Projected, head: JournalHead): Iterable<string> {
  const { table } = projected;
  const jobs = table.capture(head);
  const index = table.index === undefined ? undefined : head;
  return linesOf(jobs, index, linesOfManyJobs(projected), columnsOf(projected));
}

/** The content when all ended jobs are in an index. */
export function captureLiving(projected: Projected, head: JournalHead): Iterable<string> {
  const living = projected.table.kept().filter(({ job }) => !isTerminal(job));
  const columns = { ...columnsOf(projected), eventIds: NOTHING };
  return linesOf(living, head, linesOfManyJobs(projected), columns);
}

/** Whether content with this first line relies on an index. */
export function restsOnIndex(first: string): boolean {
  const line = parsed([first])[0];
  return line !== undefined && "content" in line && line.index !== undefined;
}

/** Lines that concern many jobs, without empty ones. */
function linesOfManyJobs(
  { pauses, failures, places, starts, limitChanges }: Projected,
): readonly ContentLine[] {
  starts.prune();
  const failed = failures.capture();
  return [
    ...pauses.all.length === 0 ? [] : [{ pauses: pauses.all }],
    ...failed.length === 0 ? [] : [{ failures: failed }],
    ...places.all.length === 0 ? [] : [{ places: places.all }],
    // Before the starts, since the limits decide which starts are kept.
    ...limitChanges.all.length === 0 ? [] : [{ limits: limitChanges.all }],
    ...starts.kept.length === 0 ? [] : [{ starts: starts.kept }],
  ];
}

function columnsOf({ eventIds }: Pick<Projected, "eventIds">): Columns {
  const { times, rows } = eventIds.capture();
  return { eventTimes: times, eventIds: bytesOf(rows) };
}

function* linesOf(
  jobs: readonly KeptJob[],
  index: JournalHead | undefined,
  linesOfManyJobs: readonly ContentLine[],
  columns: Columns,
): Iterable<string> {
  const first: ContentLine = index === undefined
    ? { content: CACHE_VERSION }
    : { content: CACHE_VERSION, index };
  yield JSON.stringify(first);
  for (const line of linesOfManyJobs) yield JSON.stringify(line);
  for (const { job, trail } of jobs) {
    const bytes = Buffer.from(trailBytes(trail, job.lastLogId));
    yield JSON.stringify({ job, trail: bytes.toString("base64") } satisfies ContentLine);
  }
  for (const column of COLUMN_NAMES) {
    for (const part of partsOf(columns[column])) {
      yield JSON.stringify({ column, part } satisfies ContentLine);
    }
  }
}

/**
 * Restores content. Returns `false`, and changes nothing, when another version wrote it, or when it
 * relies on an index that is missing.
 */
export function restoreContent(
  lines: readonly string[],
  { table, eventIds, pauses, failures, places, starts, limitChanges }: Projected,
): boolean {
  const [first, ...rest] = parsed(lines);
  if (first === undefined || !("content" in first) || first.content !== CACHE_VERSION) {
    return false;
  }
  const isUsable = table.index === undefined
    ? first.index === undefined
    : table.index.begin(first.index);
  if (!isUsable) return false;
  const parts: Record<ColumnName, Uint8Array[]> = { eventTimes: [], eventIds: [] };
  let held: Places["all"] = [];
  for (const line of rest) {
    if ("pauses" in line) pauses.restore(line.pauses);
    if ("failures" in line) failures.restore(line.failures);
    if ("places" in line) held = line.places;
    if ("limits" in line) limitChanges.restore(line.limits);
    if ("starts" in line) starts.restore(line.starts);
    if ("job" in line) table.restore(restored(line));
    if (table.isLettingGo) table.letGo();
    if ("part" in line) parts[line.column].push(Buffer.from(line.part, "base64"));
  }
  places.restore(held, (jobId) => table.job(jobId));
  const times = joined(Uint8Array, parts.eventTimes);
  const rows = new Float64Array(joined(Uint8Array, parts.eventIds).buffer);
  eventIds.restore({ times, rows }, first.index?.logId ?? 0);
  return true;
}

/** Parses all lines before anything is restored; empty when a line is not JSON. */
function parsed(lines: readonly string[]): readonly ContentLine[] {
  try {
    return lines.map((line) => parseJsonText(line) as ContentLine);
  } catch {
    return [];
  }
}

function restored({ job, trail }: Extract<ContentLine, { job: JobState }>): KeptJob {
  const bytes = Buffer.from(trail, "base64");
  return { job: { ...job, expected: shared(job.expected) }, trail: parseTrail(bytes) };
}

function bytesOf(words: Float64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function* partsOf(bytes: Uint8Array): Iterable<string> {
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    yield Buffer.from(bytes.subarray(at, at + PART_BYTES)).toString("base64");
  }
}
