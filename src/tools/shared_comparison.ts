/** Compares a folder with the shared log of its journal: batch by batch, byte for byte. */

import type { LogId } from "../core/ids.ts";
import type { JournalHead } from "../engine/ports.ts";
import { JournalDamagedError } from "../journal/errors.ts";
import { sealedBatch } from "../journal/shared_copy.ts";
import { DamagedLogError, type SharedBatch, type SharedLog } from "../journal/shared_log.ts";
import { batchesIn, type TransferOptions } from "./shared_transfer.ts";

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
      const { lastLogId, chain } = sealedBatch(row, head);
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
  readonly #log: SharedLog;
  #read: SharedBatch[] = [];

  constructor(log: SharedLog) {
    this.#log = log;
  }

  async next(after: LogId): Promise<SharedBatch | undefined> {
    if (this.#read.length === 0) this.#read = (await this.#log.read(after)).toReversed();
    return this.#read.pop();
  }
}
