/**
 * Walks over all segments from the first line on, and continues after damage: what comes
 * after it follows no known chain, but can still be found whole or damaged by itself.
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

/** Segments to read, as they were when they were listed. */
export interface SegmentSource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** Oldest first; what was appended since is not read. */
  readonly segments: readonly SegmentInfo[];
}

interface SegmentContent {
  readonly segment: SegmentInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The file, unless it was changed while it was read, or the system does not tell. */
  readonly stamp: FileStamp | undefined;
}

type Content = Omit<SegmentContent, "segment">;

/** A file whose whole content is being read. */
interface Loading {
  readonly content: Promise<Content>;
}

/** Reads one segment ahead, so that the disk and the processor work side by side. */
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

/** Returns as soon as the read is under way: it continues while a segment is scanned. */
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
    content.catch(() => {}); // It is awaited later, when its turn comes.
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

/** A line that is not what was written, and where what can be relied on ends before it. */
export interface WalkedDamage {
  readonly segment: string;
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  readonly logId: LogId;
  readonly reason: string;
  readonly batch: BatchStart;
  /** Nothing is wrong but the age of this program. */
  readonly byNewerVersion: boolean;
}

/** Where the batch at fault begins. */
interface BatchStart {
  readonly offset: number;
  readonly firstLogId: LogId;
}

export interface WalkedSegment extends SegmentContent {
  /** To be read to its end before the next segment is requested. */
  readonly scanner: SegmentScanner;
  /** Whether it follows all that came before; otherwise its lines are verified only. */
  readonly isConnected: boolean;
}

export class SegmentWalk {
  readonly #source: SegmentSource;
  /** The end of the last segment, when that was read whole. */
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

  /** What a write that is under way, or was cut short, left after the last whole batch. */
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
