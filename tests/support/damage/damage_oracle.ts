/**
 * Says how a start must treat a damaged journal, from the written bytes and the current ones. It
 * knows the promise, not the reader: what a crash can leave behind is recovered, and anything else
 * is refused.
 */

import { Buffer } from "node:buffer";
import { bytesOf, type MemoryDisk, segmentPaths } from "../journal/journal_memory_disk.ts";
import {
  type Bytes,
  nameOf,
  type WrittenBatch,
  type WrittenJournal,
} from "../journal/written_journal.ts";

const NEWLINE = 10;

export interface Expectation {
  /**
   * `start`: a crash can leave this behind, so it must start automatically. `refuse`: acknowledged
   * entries are gone or changed. `either`: nothing is lost by starting, and refusing is not wrong,
   * because no crash leaves this behind.
   */
  readonly kind: "start" | "refuse" | "either";
  /** Exactly the whole batches that must be there after a start. */
  readonly batches: number;
}

/** Judges a journal with changed segments and unchanged snapshots. */
export function expectationOf(journal: WrittenJournal, changed: MemoryDisk): Expectation {
  const batches = wholeBatches(journal, changed);
  const kind = hasForeignName(changed) ? "refuse" : judged(journal, changed, batches);
  return { kind, batches };
}

function judged(
  journal: WrittenJournal,
  changed: MemoryDisk,
  batches: number,
): Expectation["kind"] {
  const lastLogId = journal.batches[batches - 1]?.lastLogId ?? 0;
  const isAhead = journal.snapshots.some(({ path, logId }) =>
    changed.files.has(path) && logId > lastLogId
  );
  if (isAhead) return "refuse";
  const place = placeAfter(journal, batches);
  const names = segmentPaths(changed);
  const active = names.at(-1);
  if (active === undefined) return "start";
  if (!isExpectedActive(journal, batches, active)) return "refuse";
  if (!areEarlierAsWritten(journal, changed, names.slice(0, -1))) return "refuse";
  const isNextSegment = active !== journal.segments[place.segment];
  const rest = bytesOf(changed, active).subarray(isNextSegment ? 0 : place.end);
  const next = journal.batches[batches];
  if (holdsOther(journal, rest, next, (line) => line)) return "refuse";
  if (isPartOf(rest, bytesFrom(journal, next, next?.end))) return "start";
  if (next === undefined || isSeal(next)) return "either";
  // Pages of zeros that reach into the next batches: a torn batch may look like this, unless a line
  // of another batch begins in what is left.
  const mayBeOneBatch = isPartOf(rest, bytesFrom(journal, next, undefined)) &&
    !holdsOther(journal, rest, next, beginningOf);
  return mayBeOneBatch ? "either" : "refuse";
}

/** The number of whole batches before the first changed byte. */
function wholeBatches(journal: WrittenJournal, changed: MemoryDisk): number {
  const same = journal.segments.map((path) =>
    equalBytes(bytesOf(journal.disk, path), bytesOf(changed, path))
  );
  const first = journal.batches.findIndex(({ segment, end }) => end > (same[segment] ?? 0));
  return first < 0 ? journal.batches.length : first;
}

function equalBytes(left: Bytes, right: Bytes): number {
  if (left === right) return left.length;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) if (left[at] !== right[at]) return at;
  return length;
}

/** Where the whole batches end. */
function placeAfter(journal: WrittenJournal, batches: number) {
  return journal.batches[batches - 1] ?? { segment: 0, end: 0 };
}

/** Whether the last segment contains the end of the whole batches, or begins right after them. */
function isExpectedActive(journal: WrittenJournal, batches: number, active: string): boolean {
  const { segment, lastLogId } = { lastLogId: 0, ...placeAfter(journal, batches) };
  const number = Number(nameOf(active).replace(".ndjson", ""));
  return active === journal.segments[segment] || number === lastLogId + 1;
}

/** Whether all segments except the last are there in order, with their original length. */
function areEarlierAsWritten(
  { segments, disk }: WrittenJournal,
  changed: MemoryDisk,
  earlier: readonly string[],
): boolean {
  return earlier.every((path, index) =>
    path === segments[index] && bytesOf(changed, path).length === bytesOf(disk, path).length
  );
}

/** A line of a batch other than the next: more was written, so it is not a torn write. */
function holdsOther(
  journal: WrittenJournal,
  rest: Bytes,
  next: WrittenBatch | undefined,
  shown: (line: string) => string,
): boolean {
  if (rest.length === 0) return false;
  const buffer = Buffer.from(rest.buffer, rest.byteOffset, rest.length);
  return journal.batches.toReversed().some((batch) =>
    batch !== next && batch.lines.some((line) => buffer.includes(shown(line)))
  );
}

/** A newline, and what comes before the time. */
function beginningOf(line: string): string {
  return `\n${line.slice(0, line.indexOf('"receivedAt"'))}`;
}

/** What was written from the beginning of a batch, to its end or that of its segment. */
function bytesFrom(
  journal: WrittenJournal,
  batch: WrittenBatch | undefined,
  end: number | undefined,
): Bytes {
  if (batch === undefined) return new Uint8Array();
  return bytesOf(journal.disk, journal.segments[batch.segment] ?? "").subarray(batch.start, end);
}

/** Written bytes, of which parts may still be zeros or newlines written ahead. */
function isPartOf(rest: Bytes, expected: Bytes): boolean {
  return rest.every((byte, at) => byte === 0 || byte === NEWLINE || byte === expected[at]);
}

function isSeal({ lines }: WrittenBatch): boolean {
  return lines.every((line) => line.includes('"eventType":"journal.Sealed"'));
}

function hasForeignName(disk: MemoryDisk): boolean {
  return segmentPaths(disk).some((path) => !/^\d{20}\.ndjson$/.test(nameOf(path)));
}
