/**
 * Copies a journal from a folder to a shared log, or back, with its chain unchanged; or compares the
 * two, batch by batch and byte for byte.
 */

import { Buffer } from "node:buffer";
import type { LogId } from "../core/ids.ts";
import type { JournalHead } from "../engine/ports.ts";
import { JournalDamagedError } from "../journal/errors.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { NEWLINE } from "../journal/format/line_bytes.ts";
import { journalEnd } from "../journal/open/journal_end.ts";
import { type Layout, segmentName } from "../journal/layout.ts";
import { listSegments, writeSegment } from "../journal/read/segment_listing.ts";
import { runToEnd } from "../core/work.ts";
import { sealedBatch } from "../journal/write/shared_copy.ts";
import { DamagedLogError, type SharedBatch, type SharedLog } from "../journal/write/shared_log.ts";
import { BatchFeed, type FedBatch } from "./journal_reading.ts";

/** The two hold different histories. */
export class DivergedHistoryError extends Error {
  override readonly name = "DivergedHistoryError";
}

interface TransferOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly log: SharedLog;
  /** Called with the progress, in entries. */
  readonly progress: (done: number, total: number) => void;
}

interface TransferringOptions extends TransferOptions {
  /** Called once both are known to hold one history, before anything is written. */
  readonly begins: () => Promise<void>;
}

/** What was copied. */
export interface Transferred {
  /** The end of the target now. */
  readonly head: JournalHead;
  readonly batches: number;
  readonly entries: number;
}

/** The batches of a folder, starting at or before a position. */
async function* batchesIn(
  fileSystem: FileSystem,
  layout: Layout,
  from: LogId,
): AsyncGenerator<Omit<SharedBatch, "previousChain">> {
  const feed = new BatchFeed(fileSystem, layout, Math.max(0, from - 1), false);
  for await (const fed of feed.next()) {
    const { firstLogId, lastLogId, chain } = fed.batch;
    yield { firstLogId, lastLogId, chain, bytes: batchLines(fed) };
  }
}

/** The lines of a batch with exactly one blank line before them. */
function batchLines({ batch, bytes, end }: FedBatch): Uint8Array<ArrayBuffer> {
  let start = batch.offset;
  while (bytes[start + 1] === NEWLINE) start++;
  return Uint8Array.from(bytes.subarray(start, end));
}

/**
 * Appends to the shared log what it lacks of a folder. No process may be writing to the folder.
 *
 * @throws {DivergedHistoryError} before anything is written.
 */
export async function push(options: TransferringOptions): Promise<Transferred> {
  const { fileSystem, layout, log, progress, begins } = options;
  const start = await log.lastLogId();
  const own = (await journalEnd(fileSystem, layout))?.head ?? { logId: 0, chain: "" };
  await requireSameHistory(log, own, start);
  let head = { logId: start, chain: start === 0 ? "" : await log.chainAt(start) ?? "" };
  if (start > 0 && start < own.logId) await requireBatch(options, head);
  await begins();
  let batches = 0;
  if (start >= own.logId) return { head, batches, entries: 0 };
  for await (const batch of batchesIn(fileSystem, layout, start)) {
    const { firstLogId, lastLogId, chain } = batch;
    if (firstLogId <= start) continue;
    await log.append({ ...batch, previousChain: head.chain });
    head = { logId: lastLogId, chain };
    batches++;
    progress(lastLogId - start, own.logId - start);
  }
  return { head, batches, entries: head.logId - start };
}

/**
 * The shorter of the two must be the beginning of the other. Comparing one chain suffices, since it
 * covers all that came before.
 */
async function requireSameHistory(log: SharedLog, own: JournalHead, end: LogId): Promise<void> {
  if (own.logId === 0 || own.logId > end) return;
  if (await log.chainAt(own.logId) !== own.chain) throw diverged(own.logId);
}

/** A batch of the folder must end where the shared log does, with the same chain. */
async function requireBatch(
  { fileSystem, layout }: TransferOptions,
  { logId, chain }: JournalHead,
): Promise<void> {
  for await (const batch of batchesIn(fileSystem, layout, logId)) {
    if (batch.lastLogId < logId) continue;
    if (batch.lastLogId === logId && batch.chain === chain) return;
    throw diverged(logId);
  }
}

function diverged(logId: LogId): DivergedHistoryError {
  return new DivergedHistoryError(
    `the database and the folder hold different histories up to logId ${logId}`,
  );
}

/**
 * Writes what a folder lacks, segment by segment, and gives each its name once it is on disk. If
 * the transfer is interrupted, the folder is the journal at an earlier time.
 *
 * @throws {DivergedHistoryError} before anything is written.
 * @throws {DamagedLogError} if a batch is not what was written.
 */
export async function pull(options: TransferringOptions): Promise<Transferred> {
  const { fileSystem, layout, log, progress, begins } = options;
  const last = (await listSegments(fileSystem, layout)).segments.at(-1);
  const own = (await journalEnd(fileSystem, layout))?.head ?? { logId: 0, chain: "" };
  const total = await log.lastLogId();
  if (own.logId > total) {
    throw new DivergedHistoryError(
      `the folder ends at logId ${own.logId}, and the database at ${total}`,
    );
  }
  await requireSameHistory(log, own, total);
  await begins();
  // The last segment may have grown, so it is written again as a whole.
  const from = last === undefined ? 1 : last.firstLogId;
  let head = { logId: from - 1, chain: from === 1 ? "" : await log.chainAt(from - 1) ?? "" };
  const segment = new NewSegment(fileSystem, layout);
  let batches = 0;
  for (;;) {
    const read = await log.read(head.logId);
    if (read.length === 0) break;
    for (const batch of read) {
      const { opensSegment, lastLogId, chain } = runToEnd(sealedBatch(batch, head));
      if (opensSegment) await segment.finish();
      segment.add(batch);
      head = { logId: lastLogId, chain };
      if (lastLogId > own.logId) batches++;
    }
    progress(head.logId, Math.max(total, head.logId));
  }
  await segment.finish();
  return { head, batches, entries: head.logId - own.logId };
}

/** Batches that form one segment. */
class NewSegment {
  #first: LogId | undefined;
  #parts: Uint8Array[] = [];

  constructor(private readonly fileSystem: FileSystem, private readonly layout: Layout) {}

  add({ firstLogId, bytes }: SharedBatch): void {
    this.#first ??= firstLogId;
    this.#parts.push(bytes);
  }

  async finish(): Promise<void> {
    if (this.#first === undefined) return;
    const bytes = Buffer.concat(this.#parts);
    await writeSegment(this.fileSystem, this.layout, segmentName(this.#first), bytes);
    [this.#first, this.#parts] = [undefined, []];
  }
}

export interface Compared {
  /** The end of what both hold identically. */
  readonly same: JournalHead;
  readonly batches: number;
  /** Entries that only the shared log has and this folder has not fetched. */
  readonly more: number;
  /** Where they diverge, if they do. */
  readonly divergence: { readonly logId: LogId; readonly reason: string } | null;
}

/** @throws {JournalUnusableError} when the folder cannot be read. */
export async function compare(options: TransferOptions): Promise<Compared> {
  const { fileSystem, layout, log, progress } = options;
  const rows = new Rows(log);
  const total = await log.lastLogId();
  let same: JournalHead = { logId: 0, chain: "" };
  let batches = 0;
  const part = (reason: string): Compared => ({
    ...{ same, batches, more: 0 },
    divergence: { logId: same.logId + 1, reason },
  });
  try {
    for await (const batch of batchesIn(fileSystem, layout, 0)) {
      const row = await rows.next(same.logId);
      const reason = row === undefined
        ? `the database ends at logId ${same.logId}, and the folder holds more`
        : findDifference(batch, row, same);
      if (reason !== undefined) return part(reason);
      same = { logId: batch.lastLogId, chain: batch.chain };
      batches++;
      progress(same.logId, Math.max(total, same.logId));
    }
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    return part(`the folder is damaged: ${error.message}`);
  }
  return await readRest(rows, { same, batches, more: 0, divergence: null }, progress, total);
}

/** The batches after the end of the folder must be whole too. */
async function readRest(
  rows: Rows,
  found: Compared,
  progress: TransferOptions["progress"],
  total: LogId,
): Promise<Compared> {
  let head = found.same;
  for (let row = await rows.next(head.logId); row; row = await rows.next(head.logId)) {
    try {
      const { lastLogId, chain } = runToEnd(sealedBatch(row, head));
      head = { logId: lastLogId, chain };
    } catch (error) {
      if (!(error instanceof DamagedLogError)) throw error;
      const divergence = { logId: head.logId + 1, reason: error.reason };
      return { ...found, more: head.logId - found.same.logId, divergence };
    }
    progress(head.logId, Math.max(total, head.logId));
  }
  return { ...found, more: head.logId - found.same.logId };
}

/** How a row differs from the folder's batch, which is known to be whole. */
function findDifference(
  batch: Omit<SharedBatch, "previousChain">,
  row: SharedBatch,
  { logId, chain }: JournalHead,
): string | undefined {
  if (row.firstLogId !== logId + 1) {
    return `the database has no batch that begins there; the next begins at ${row.firstLogId}`;
  }
  if (row.previousChain !== chain) {
    return `the row in the database follows chain ${row.previousChain} instead of ${chain}`;
  }
  if (row.lastLogId !== batch.lastLogId) {
    return `the batch ends at logId ${batch.lastLogId} in the folder, and at ${row.lastLogId} in ` +
      "the database";
  }
  if (row.chain !== batch.chain) {
    return `the chain is ${batch.chain} in the folder, and ${row.chain} in the database`;
  }
  const at = firstDifference(batch.bytes, row.bytes);
  return at === undefined ? undefined : `the lines differ from byte ${at} of the batch`;
}

function firstDifference(left: Uint8Array, right: Uint8Array): number | undefined {
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at++) if (left[at] !== right[at]) return at;
  return undefined;
}

/** The rows in order, read a few at a time. */
class Rows {
  #read: SharedBatch[] = [];

  constructor(private readonly log: SharedLog) {}

  async next(after: LogId): Promise<SharedBatch | undefined> {
    if (this.#read.length === 0) this.#read = (await this.log.read(after)).toReversed();
    return this.#read.pop();
  }
}
