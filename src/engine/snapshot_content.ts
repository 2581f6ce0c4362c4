/**
 * What a snapshot holds of the engine: every job with the positions of its entries, the
 * index of event ids and the transitions. A cache: all of it follows from the journal.
 */

import { Buffer } from "node:buffer";
import type { LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { EventIdIndex } from "./event_id_index.ts";
import type { JobTable } from "./job_table.ts";

/** Raised whenever a state or a line of the content changes its meaning. */
const CONTENT_VERSION = 1;
/** Bytes of an index in one line. */
const PART_BYTES = 3 * 64 * 1024;

type Line =
  | { readonly content: number }
  | { readonly job: JobState; readonly logIds: readonly LogId[] }
  | { readonly eventIds: string }
  | { readonly transitions: string };

/** The content as of now, whatever comes while it is written out. */
export function captureContent(table: JobTable, eventIds: EventIdIndex): Iterable<string> {
  const jobs = table.capture();
  const ids = bytesOf(eventIds.capture());
  const transitions = bytesOf(table.transitions.capture());
  return linesOf(jobs, ids, transitions);
}

function* linesOf(
  jobs: ReturnType<JobTable["capture"]>,
  ids: Uint8Array,
  transitions: Uint8Array,
): Iterable<string> {
  yield JSON.stringify({ content: CONTENT_VERSION } satisfies Line);
  for (const [job, logIds] of jobs) {
    yield JSON.stringify({ job, logIds: logIds() } satisfies Line);
  }
  for (const part of partsOf(ids)) yield JSON.stringify({ eventIds: part } satisfies Line);
  for (const part of partsOf(transitions)) {
    yield JSON.stringify({ transitions: part } satisfies Line);
  }
}

/** Takes over a content; `false`, and nothing taken, when another version wrote it. */
export function restoreContent(
  lines: readonly string[],
  table: JobTable,
  eventIds: EventIdIndex,
): boolean {
  const [first, ...rest] = lines.map((line): Line => JSON.parse(line));
  if (first === undefined || !("content" in first) || first.content !== CONTENT_VERSION) {
    return false;
  }
  const ids: Uint8Array[] = [];
  const transitions: Uint8Array[] = [];
  for (const line of rest) {
    if ("job" in line) table.restore(line.job, line.logIds);
    else if ("eventIds" in line) ids.push(Buffer.from(line.eventIds, "base64"));
    else if ("transitions" in line) transitions.push(Buffer.from(line.transitions, "base64"));
  }
  eventIds.restore(new Uint32Array(joined(ids)));
  table.transitions.restore(new Uint16Array(joined(transitions)));
  return true;
}

function bytesOf(words: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function* partsOf(bytes: Uint8Array): Iterable<string> {
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    yield Buffer.from(bytes.subarray(at, at + PART_BYTES)).toString("base64");
  }
}

function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.buffer;
}
