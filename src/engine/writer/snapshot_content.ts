/**
 * What a snapshot holds of the engine: its jobs, the indexes of event ids and of events from
 * outside, and the columns of entries. Where jobs that have ended are in the index, only those
 * that live, and the point as of which the index holds the others. A cache: all of it follows
 * from the journal.
 */

import { parseJsonText } from "../../core/json_text.ts";
import { Buffer } from "node:buffer";
import { isTerminal, type JobState, shared } from "../../core/job_state.ts";
import type { EventIdIndex } from "./event_id_index.ts";
import type { FactIndex } from "../views/fact_index.ts";
import { joined } from "./joined.ts";
import type { JobTable } from "./job_table.ts";
import type { JournalHead } from "../ports.ts";

/** Raised whenever a state or a line of the content changes its meaning. */
const CONTENT_VERSION = 3;
/** The same, but that it always holds every job. */
const FIRST_READ_VERSION = 2;
/** Bytes of an index in one line. */
const PART_BYTES = 3 * 64 * 1024;

/** Columns of numbers; each goes over as many lines as it needs. */
const COLUMN_NAMES = ["eventIds", "facts", "previous", "transitions"] as const;
type ColumnName = (typeof COLUMN_NAMES)[number];

type Line =
  | { readonly content: number; readonly index?: JournalHead }
  | { readonly job: JobState }
  | { readonly column: ColumnName; readonly part: string };

/** All that follows from the entries. */
export interface Projected {
  readonly table: JobTable;
  readonly eventIds: EventIdIndex;
  readonly facts: FactIndex;
}

/** The content as of now, whatever comes while it is written out. */
export function captureContent(
  { table, eventIds, facts }: Projected,
  head: JournalHead,
): Iterable<string> {
  const jobs = table.capture(head);
  const index = table.index === undefined ? undefined : head;
  return linesOf(jobs, index, columnsOf({ table, eventIds, facts }));
}

/** What it is where all jobs that have ended are in an index. */
export function captureLiving(projected: Projected, head: JournalHead): Iterable<string> {
  const living = [...projected.table.jobs()].filter((job) => !isTerminal(job));
  return linesOf(living, head, columnsOf(projected));
}

/** Whether a content, by its first line, rests on an index. */
export function restsOnIndex(first: string): boolean {
  const line = parsed([first])[0];
  return line !== undefined && "content" in line && line.index !== undefined;
}

function columnsOf({ table, eventIds, facts }: Projected) {
  return { eventIds: eventIds.capture(), facts: facts.capture(), ...table.columns.capture() };
}

function* linesOf(
  jobs: readonly JobState[],
  index: JournalHead | undefined,
  columns: Readonly<Record<ColumnName, Uint32Array | Uint16Array>>,
): Iterable<string> {
  const first: Line = index === undefined
    ? { content: CONTENT_VERSION }
    : { content: CONTENT_VERSION, index };
  yield JSON.stringify(first);
  for (const job of jobs) yield JSON.stringify({ job } satisfies Line);
  for (const column of COLUMN_NAMES) {
    for (const part of partsOf(bytesOf(columns[column]))) {
      yield JSON.stringify({ column, part } satisfies Line);
    }
  }
}

/**
 * Takes over a content; `false`, and nothing taken, when another version wrote it, or it rests on
 * an index that is not here.
 */
export function restoreContent(
  lines: readonly string[],
  { table, eventIds, facts }: Projected,
): boolean {
  const [first, ...rest] = parsed(lines);
  if (first === undefined || !("content" in first) || !isReadable(first.content)) return false;
  const isThere = table.index === undefined
    ? first.index === undefined
    : table.index.begin(first.index);
  if (!isThere) return false;
  const parts: Record<ColumnName, Uint8Array[]> = {
    eventIds: [],
    facts: [],
    previous: [],
    transitions: [],
  };
  for (const line of rest) {
    if ("job" in line) table.restore(restored(line.job));
    if (table.isLettingGo) table.letGo();
    else if ("part" in line) parts[line.column].push(Buffer.from(line.part, "base64"));
  }
  eventIds.restore(new Uint32Array(bufferOf(parts.eventIds)));
  facts.restore(new Uint32Array(bufferOf(parts.facts)));
  table.columns.restore({
    previous: new Uint32Array(bufferOf(parts.previous)),
    transitions: new Uint16Array(bufferOf(parts.transitions)),
  });
  return true;
}

function isReadable(version: number): boolean {
  return version >= FIRST_READ_VERSION && version <= CONTENT_VERSION;
}

/** All of them before anything is taken; nothing when one is no JSON. */
function parsed(lines: readonly string[]): readonly Line[] {
  try {
    return lines.map((line) => parseJsonText(line) as Line);
  } catch {
    return [];
  }
}

function restored(job: JobState): JobState {
  return { ...job, expected: shared(job.expected) };
}

function bytesOf(words: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function* partsOf(bytes: Uint8Array): Iterable<string> {
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    yield Buffer.from(bytes.subarray(at, at + PART_BYTES)).toString("base64");
  }
}

function bufferOf(parts: readonly Uint8Array[]): ArrayBuffer {
  return joined(Uint8Array, parts).buffer;
}
