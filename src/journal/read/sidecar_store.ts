/**
 * Stores the sidecars of a journal: caches, one for each segment that gets no more batches. They
 * can be deleted at any time, and an unusable one is not an error.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as v from "valibot";
import {
  type FileStamp,
  type FileSystem,
  isSame,
  type OpenFile,
  replaceFile,
  stampAt,
  withFile,
} from "../files/file_system.ts";
import {
  isTemporary,
  type Layout,
  parseSegmentName,
  parseSidecarName,
  segmentName,
  sidecarName,
  TEMPORARY,
} from "../layout.ts";
import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import { failureReason } from "../errors.ts";
import { FIRST_FORMAT_VERSION, FORMAT_VERSION } from "../format/line_codec.ts";
import { LineIndex } from "./line_index.ts";
import type { SealedSegment } from "./segment_proof.ts";

// The format of a sidecar: a line with the facts about the segment and the verdict on its file, a
// line with the line index in base64, and a line with the SHA-256, in hexadecimal, of all bytes
// before it.

const SIDECAR_FORMAT_VERSION = 1;
/** A longer file is not a sidecar: a segment of 1 GiB has about 2 MiB of blocks. */
const SIDECAR_BYTES_MAX = 64 * 1024 * 1024;

/** What a process has learned from reading a whole segment. */
export interface SegmentVerdict {
  readonly segment: SealedSegment;
  /** The stamp of the file when every line in it was verified. */
  readonly verdict: FileStamp;
}

export interface Sidecar extends SegmentVerdict {
  readonly index: LineIndex;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());

const header = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictObject({
    formatVersion: v.literal(SIDECAR_FORMAT_VERSION),
    segment: v.string(),
    bytes: count,
    lastLogId: count,
    chainBefore: v.string(),
    chain: v.string(),
    stopped: v.boolean(),
    segmentFormat: v.pipe(v.number(), v.minValue(FIRST_FORMAT_VERSION), v.maxValue(FORMAT_VERSION)),
    lines: count,
    verdict: v.strictObject({ bytes: count, inode: count, modifiedMs: time, changedMs: time }),
  }),
);

export function encodedSidecar({ segment, index, verdict }: Sidecar): Uint8Array {
  const { name, bytes, lastLogId, chainBefore, chain, stopped, formatVersion } = segment;
  const first: v.InferOutput<typeof header> = {
    formatVersion: SIDECAR_FORMAT_VERSION,
    segment: name,
    bytes,
    lastLogId,
    chainBefore,
    chain,
    stopped,
    segmentFormat: formatVersion,
    lines: index.lines,
    verdict,
  };
  const content = `${JSON.stringify(first)}\n${Buffer.from(index.blocks).toString("base64")}\n`;
  return Buffer.from(content + trailerOf(Buffer.from(content)));
}

/** The content of a sidecar, or why it is unusable. Its index, most of it, is decoded when used. */
export function decodedSidecar(bytes: Uint8Array<ArrayBuffer>): Sidecar | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const content = file.subarray(0, Math.max(0, file.length - TRAILER_BYTES));
  if (trailerOf(content) !== file.toString("latin1", content.length)) {
    return "the content does not match its sha256";
  }
  const newline = content.indexOf("\n");
  const found = v.safeParse(header, content.toString("utf8", 0, newline));
  if (!found.success) return "another version wrote it";
  const { segment: name, bytes: length, segmentFormat, lines, verdict, ...ends } = found.output;
  const firstLogId = parseSegmentName(name);
  if (firstLogId === undefined) return "it does not belong to a segment";
  const segment = { name, firstLogId, bytes: length, ...ends, formatVersion: segmentFormat };
  return {
    segment,
    verdict,
    get index() {
      const blocks = Buffer.from(content.toString("latin1", newline + 1), "base64");
      return LineIndex.of(blocks, segment.lastLogId - firstLogId + 1, lines);
    },
  };
}

const TRAILER_BYTES = trailerOf(Buffer.from("")).length;

function trailerOf(content: Buffer): string {
  return `{"sha256":"${createHash("sha256").update(content).digest("hex")}"}\n`;
}

async function contentOf(file: OpenFile): Promise<Sidecar | string> {
  const size = await file.size();
  if (size > SIDECAR_BYTES_MAX) return `it has ${size} bytes`;
  return decodedSidecar(await file.read(0, size));
}

export class SidecarStore {
  constructor(private readonly fileSystem: FileSystem, private readonly layout: Layout) {}

  /** Returns the sidecar of a segment, why it is unusable, or `undefined` if there is none. */
  async read(
    { name, firstLogId }: Pick<SegmentInfo, "name" | "firstLogId">,
  ): Promise<Sidecar | string | undefined> {
    const path = this.#pathOf(firstLogId);
    try {
      if (!await this.#isFolder()) return undefined;
      const kind = await this.fileSystem.kind(path);
      if (kind === "missing") return undefined;
      if (kind !== "file") return `it is a ${kind}`;
      const found = await withFile(this.fileSystem, path, "read", contentOf);
      if (typeof found === "string") return found;
      return found.segment.name === name ? found : `it is that of ${found.segment.name}`;
    } catch (error) {
      return `it cannot be read: ${failureReason(error, path)}`;
    }
  }

  /** The segments of the sound sidecars from a position on, in order. */
  async from(from: LogId): Promise<readonly SealedSegment[]> {
    if (!await this.#isFolder()) return [];
    // As if there were none: a cache that cannot be read must not keep a journal from starting.
    const names = await this.fileSystem.list(this.layout.sidecars).catch(() => []);
    const segments: SealedSegment[] = [];
    for (const name of names.toSorted()) {
      const firstLogId = parseSidecarName(name);
      if (firstLogId === undefined || firstLogId < from) continue;
      const found = await this.read({ name: segmentName(firstLogId), firstLogId });
      if (typeof found === "object") segments.push(found.segment);
    }
    return segments;
  }

  /** Returns the verdict on a segment if the file is unchanged since then. */
  async trusted(segment: SegmentInfo): Promise<SegmentVerdict | undefined> {
    const found = await this.read(segment);
    if (typeof found !== "object" || found.segment.bytes !== segment.bytes) return undefined;
    const isUnchanged = isSame(found.verdict, await this.stampOf(segment));
    return isUnchanged ? { segment: found.segment, verdict: found.verdict } : undefined;
  }

  /** `undefined` if the file is missing, or the system provides no stamp. */
  stampOf({ name }: SegmentInfo): Promise<FileStamp | undefined> {
    return stampAt(this.fileSystem, `${this.layout.segments}/${name}`);
  }

  /**
   * The current file system time, at the resolution of its timestamps. If a file was last changed
   * before this time, any later change gives it a different timestamp; a change within the same
   * tick would go unnoticed. `undefined` if the system provides no stamp.
   */
  async now(): Promise<number | undefined> {
    const path = `${this.layout.folder}/clock${TEMPORARY}`;
    const file = await this.fileSystem.open(path, "create");
    try {
      return (await this.fileSystem.stamp(path))?.changedMs;
    } finally {
      file.close();
      await this.fileSystem.remove(path);
    }
  }

  async write(sidecar: Sidecar): Promise<void> {
    await this.#requireFolder();
    const path = this.#pathOf(sidecar.segment.firstLogId);
    await replaceFile(this.fileSystem, path, encodedSidecar(sidecar));
  }

  /** Removes files of a process that died while writing a sidecar. */
  async removeUnfinished(): Promise<void> {
    if (!await this.#isFolder()) return;
    const { sidecars } = this.layout;
    const names = await this.fileSystem.list(sidecars);
    for (const name of names.filter(isTemporary)) await this.#drop(`${sidecars}/${name}`);
  }

  /** Removes the sidecars of other segments, which a repair removed or made active again. */
  async keepOnly(segments: readonly SegmentInfo[]): Promise<void> {
    if (!await this.#isFolder()) return;
    const kept = new Set(segments.map(({ firstLogId }) => firstLogId));
    for (const name of await this.fileSystem.list(this.layout.sidecars)) {
      const logId = parseSidecarName(name);
      const path = `${this.layout.sidecars}/${name}`;
      if (logId !== undefined && !kept.has(logId)) await this.#drop(path);
    }
  }

  async #drop(path: string): Promise<void> {
    if (await this.fileSystem.kind(path) === "file") await this.fileSystem.remove(path);
  }

  /** `false` for a link: sidecars are never read or written elsewhere. */
  async #isFolder(): Promise<boolean> {
    return await this.fileSystem.kind(this.layout.sidecars) === "folder";
  }

  async #requireFolder(): Promise<void> {
    const { folder, sidecars } = this.layout;
    const kind = await this.fileSystem.kind(sidecars);
    if (kind === "folder") return;
    if (kind !== "missing") throw new Error(`${sidecars} is a ${kind}, not a folder`);
    await this.fileSystem.makeFolder(sidecars);
    await this.fileSystem.syncFolder(folder);
  }

  #pathOf(firstLogId: number): string {
    return `${this.layout.sidecars}/${sidecarName(firstLogId)}`;
  }
}
