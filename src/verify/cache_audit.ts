/**
 * Compares the index and the sidecars of a journal with what its lines give. They are caches, so
 * differences are notes and not problems of the journal.
 */

import type { LogId } from "../core/ids.ts";
import { type FileSystem, isSame } from "../journal/files/file_system.ts";
import { type Layout, sidecarName } from "../journal/layout.ts";
import type { LineIndex } from "../journal/read/line_index.ts";
import { isSameSegment, type SealedSegment } from "../journal/read/segment_proof.ts";
import { type Sidecar, SidecarStore } from "../journal/read/sidecar_store.ts";
import type { Pause } from "../engine/turns.ts";

interface IndexedJob {
  readonly jobId: string;
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  /** The job continues: it is in memory again. */
  readonly isAwake: boolean;
  /** The columns of its row. Whether it is awake is not compared. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** The hash of an event id, and the position of its entry. */
type IndexedId = readonly [hash: number, logId: LogId];

export interface IndexContent {
  /** The position up to which no ended job is missing. */
  upTo(): LogId;
  /** In the order of creation. */
  jobs(): Iterable<IndexedJob>;
  /** By hash, then by position. */
  ids(): Iterable<IndexedId>;
}

const NOTES_MAX = 20;
const ROWS_PER_PAUSE = 200;

/** Compares an index with one that was built from the lines alone. */
export class IndexAudit {
  readonly notes: string[] = [];
  #more = 0;

  constructor(
    private readonly expected: IndexContent,
    /** The last entry of the files. */
    private readonly end: LogId,
    private readonly pause: Pause,
  ) {}

  async compare(held: IndexContent): Promise<void> {
    // Entries added to the index while the files were read are not compared.
    const upTo = Math.min(held.upTo(), this.end);
    await this.#compareJobs(held, upTo);
    await this.#compareIds(held, upTo);
    if (this.#more > 0) this.notes.push(`index: ${this.#more} more differences`);
    if (this.notes.length > 0) {
      this.notes.push(
        "index: delete the folder index/, and the next start rebuilds it from the lines",
      );
    }
  }

  async #compareJobs(held: IndexContent, upTo: LogId): Promise<void> {
    const pairs = paired(
      this.expected.jobs(),
      held.jobs(),
      (one, other) => one.firstLogId - other.firstLogId,
    );
    let rows = 0;
    for (const [expected, found] of pairs) {
      if (++rows % ROWS_PER_PAUSE === 0) await this.pause();
      if (found === undefined) {
        if (expected !== undefined && expected.lastLogId <= upTo) {
          this.#note(`job ${expected.jobId} is missing`);
        }
      } else if (found.isAwake || found.lastLogId > this.end) continue;
      else if (expected === undefined) {
        this.#note(`job ${found.jobId} is in the index, but has not ended`);
      } else if (expected.lastLogId === found.lastLogId && !areEqual(expected, found)) {
        this.#note(`job ${expected.jobId} differs from the lines`);
      }
    }
  }

  async #compareIds(held: IndexContent, upTo: LogId): Promise<void> {
    const pairs = paired(
      this.expected.ids(),
      held.ids(),
      ([hash, logId], [other, otherLogId]) => hash - other || logId - otherLogId,
    );
    let rows = 0;
    for (const [expected, found] of pairs) {
      if (++rows % ROWS_PER_PAUSE === 0) await this.pause();
      const [, logId] = expected ?? found ?? [0, 0];
      if (found === undefined && logId <= upTo) {
        this.#note(`the event id of logId ${logId} is missing`);
      }
      if (expected === undefined && logId <= this.end) {
        this.#note(`an event id is indexed under logId ${logId}, which has another`);
      }
    }
  }

  #note(text: string): void {
    if (this.notes.length < NOTES_MAX) this.notes.push(`index: ${text}`);
    else this.#more++;
  }
}

function areEqual({ content }: IndexedJob, other: IndexedJob): boolean {
  const names = Object.keys(content);
  return names.length === Object.keys(other.content).length &&
    names.every((name) => name === "awake" || isSameValue(content[name], other.content[name]));
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return one instanceof Uint8Array && other instanceof Uint8Array &&
    one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Pairs the items of two ascending sequences; `undefined` where one of them has none. */
function* paired<Item>(
  one: Iterable<Item>,
  other: Iterable<Item>,
  compare: (one: Item, other: Item) => number,
): Iterable<readonly [Item | undefined, Item | undefined]> {
  const [lefts, rights] = [one[Symbol.iterator](), other[Symbol.iterator]()];
  let [left, right] = [lefts.next(), rights.next()];
  while (left.done !== true || right.done !== true) {
    const order = left.done === true
      ? 1
      : right.done === true
      ? -1
      : compare(left.value, right.value);
    yield [order <= 0 ? left.value : undefined, order >= 0 ? right.value : undefined];
    if (order <= 0) left = lefts.next();
    if (order >= 0) right = rights.next();
  }
}

/** Finds sidecars that differ from their segments. */
export class SidecarAudit {
  readonly #store: SidecarStore;
  readonly #notes: string[] = [];
  /** Sidecars of files other than those that were verified when they were written. */
  #others = 0;

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#store = new SidecarStore(fileSystem, layout);
  }

  get notes(): readonly string[] {
    if (this.#others === 0) return this.#notes;
    const files = this.#others === 1
      ? "1 sidecar was written for another file than its segment"
      : `${this.#others} sidecars were written for other files than their segments`;
    return [...this.#notes, `${files}, as in a copy: the next start reads those segments`];
  }

  /**
   * Call it after a segment that is whole and gets no more batches.
   *
   * @param index Made from its lines.
   */
  async judge(segment: SealedSegment, index: LineIndex): Promise<void> {
    const found = await this.#store.read(segment);
    if (found === undefined) return;
    const flaw = typeof found === "string" ? found : flawOf(found, segment, index);
    if (flaw !== undefined) {
      const name = sidecarName(segment.firstLogId);
      this.#notes.push(`sidecar ${name}: ${flaw}; the next start reads its segment`);
    } else if (typeof found !== "string") {
      if (!isSame(found.verdict, await this.#store.stampOf(segment))) this.#others++;
    }
  }
}

function flawOf(
  { segment, index }: Sidecar,
  sealed: SealedSegment,
  made: LineIndex,
): string | undefined {
  if (!isSameSegment(segment, sealed)) return "it differs from the lines of its segment";
  const [said, found] = [index.blocks, made.blocks];
  const isIndex = index.lines === made.lines && said.length === found.length &&
    said.every((byte, at) => byte === found[at]);
  return isIndex ? undefined : "its positions of the segment's lines are wrong";
}
