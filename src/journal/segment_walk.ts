/**
 * Reads all segments from the first line, and continues after damage. Segments after damage follow
 * no known chain, but each can still be verified by itself.
 */

import { assertNever } from "../core/assert_never.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import { findSegmentEnd, gapReason, type TornTail } from "./segment_end.ts";
import { SegmentScanner } from "./segment_scanner.ts";
import { lineNumberAt } from "./utf8.ts";
import { orUnusable } from "./errors.ts";
import { type FileStamp, type FileSystem, isSame, stampAt } from "./file_system.ts";
import type { Layout } from "./layout.ts";

/** The segments to read, as listed. */
export interface SegmentSource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** Oldest first. Batches appended since they were listed are not read. */
  readonly segments: readonly SegmentInfo[];
}

interface SegmentContent {
  readonly segment: SegmentInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The stamp of the file; `undefined` if the file changed during the read, or the system provides
   * no stamp.
   */
  readonly stamp: FileStamp | undefined;
}

type Content = Omit<SegmentContent, "segment">;

/**
 * A file that is being read. Wraps the promise, so that awaiting `load` does not await the content.
 */
interface Loading {
  readonly content: Promise<Content>;
}

/** Reads one segment ahead, so that the disk and the processor work in parallel. */
async function* readContents(
  { fileSystem, layout, segments }: SegmentSource,
): AsyncGenerator<SegmentContent> {
  let ahead = await load(fileSystem, layout, segments[0]);
  try {
    for (const [index, segment] of segments.entries()) {
      const content = await ahead.content;
      ahead = await load(fileSystem, layout, segments[index + 1]);
      yield { segment, ...content };
    }
  } finally {
    await ahead.content.catch(() => {});
  }
}

/** Resolves once the read has started, so that it continues while a segment is scanned. */
async function load(
  fileSystem: FileSystem,
  layout: Layout,
  segment: SegmentInfo | undefined,
): Promise<Loading> {
  if (segment === undefined) {
    return { content: Promise.resolve({ bytes: new Uint8Array(), stamp: undefined }) };
  }
  const path = `${layout.segments}/${segment.name}`;
  const before = await stampAt(fileSystem, path);
  return await orUnusable("read", path, async () => {
    const file = await fileSystem.open(path, "read");
    const content = orUnusable("read", path, () => file.read(0, segment.bytes))
      .finally(() => file.close())
      .then(async (bytes) => ({ bytes, stamp: await sameAt(fileSystem, path, before) }));
    content.catch(() => {}); // Awaited later, by `readContents`.
    return { content };
  });
}

async function sameAt(
  fileSystem: FileSystem,
  path: string,
  before: FileStamp | undefined,
): Promise<FileStamp | undefined> {
  const isUnchanged = before !== undefined && isSame(before, await stampAt(fileSystem, path));
  return isUnchanged ? before : undefined;
}

/** A damaged line, and where the last intact batch before it ends. */
export interface WalkedDamage {
  readonly segment: string;
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  readonly logId: LogId;
  readonly reason: string;
  readonly batch: BatchStart;
  /** Whether the segment is fine but too new for this version. */
  readonly byNewerVersion: boolean;
}

/** Where the damaged batch begins. */
interface BatchStart {
  readonly offset: number;
  readonly firstLogId: LogId;
}

export interface WalkedSegment extends SegmentContent {
  /** Must be read to its end before the next segment is requested. */
  readonly scanner: SegmentScanner;
  /** Whether the chain is unbroken up to this segment; otherwise its lines are only verified. */
  readonly isConnected: boolean;
}

export class SegmentWalk {
  readonly #source: SegmentSource;
  /** The end of the previous segment, if that is intact. */
  #previous: JournalHead | undefined = { logId: 0, chain: "" };
  #isConnected = true;
  #torn: (TornTail & { readonly segment: SegmentInfo }) | undefined;
  readonly #onDamage: (damage: WalkedDamage) => void;

  constructor(source: SegmentSource, onDamage: (damage: WalkedDamage) => void) {
    this.#source = source;
    this.#onDamage = onDamage;
  }

  /** Whether no damage has broken the chain so far. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** What an unfinished or interrupted write left after the last whole batch. */
  get torn(): (TornTail & { readonly segment: SegmentInfo }) | undefined {
    return this.#torn;
  }

  /** @throws {JournalUnusableError} when a segment cannot be read. */
  async *segments(): AsyncGenerator<WalkedSegment> {
    for await (const content of readContents(this.#source)) {
      const { segment, bytes } = content;
      this.#requireNext(segment);
      const scanner = new SegmentScanner(bytes, segment.firstLogId, this.#previous?.chain);
      scanner.parsedFrom = this.#isConnected ? 1 : Infinity;
      yield { ...content, scanner, isConnected: this.#isConnected };
      this.#end(content, scanner);
    }
  }

  #requireNext(segment: SegmentInfo): void {
    const expected = this.#previous === undefined ? undefined : this.#previous.logId + 1;
    if (expected === undefined || expected === segment.firstLogId) return;
    this.#broken({
      segment: segment.name,
      line: 1,
      offset: 0,
      logId: expected,
      reason: gapReason(segment, expected),
      batch: { offset: 0, firstLogId: expected },
      byNewerVersion: false,
    });
  }

  #end({ segment, bytes }: SegmentContent, scanner: SegmentScanner): void {
    const end = findSegmentEnd(bytes, scanner, segment === this.#source.segments.at(-1));
    this.#previous = { logId: scanner.nextLogId - 1, chain: scanner.chain };
    switch (end.kind) {
      case "whole":
        return;
      case "torn":
        this.#torn = { ...end.tail, segment };
        return;
      case "damaged":
        return this.#broken({
          ...end,
          segment: segment.name,
          line: lineNumberAt(bytes, end.offset),
          batch: { offset: scanner.end, firstLogId: scanner.nextLogId },
        });
      default:
        return assertNever(end, "segment end");
    }
  }

  #broken(damage: WalkedDamage): void {
    this.#previous = undefined;
    this.#isConnected = false;
    this.#onDamage(damage);
  }
}
