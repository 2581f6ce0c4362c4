/**
 * The sidecars of a journal: caches, one for each segment that gets no more batches. Nothing is
 * lost when they are deleted, and none that cannot be used is an error.
 */

import {
  type FileStamp,
  type FileSystem,
  isSame,
  readWhole,
  stampAt,
  withFile,
} from "./file_system.ts";
import {
  isTemporary,
  type Layout,
  parseSegmentName,
  parseSidecarName,
  sidecarName,
  TEMPORARY,
} from "./layout.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { failureReason } from "./errors.ts";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as v from "valibot";
import { FIRST_FORMAT_VERSION, FORMAT_VERSION } from "./line_codec.ts";
import { LineIndex } from "./line_index.ts";
import type { SealedSegment } from "./segment_rolls.ts";

// The format of a sidecar: a line with what is known of the segment and the verdict on its file, a
// line with where its lines are, in base64, and a line with the SHA-256, in hexadecimal, of all
// bytes before it.

const SIDECAR_FORMAT_VERSION = 1;
/** A file that is longer is not one of ours: a segment of 1 GiB has about 2 MiB of blocks. */
const SIDECAR_BYTES_MAX = 64 * 1024 * 1024;

/** What a process that has read a whole segment knows of it. */
export interface Sidecar {
  readonly segment: SealedSegment;
  readonly index: LineIndex;
  /** The file as it was when every line in it was verified. */
  readonly verdict: FileStamp;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());

const header = v.strictObject({
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
});

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

/** What a sidecar says, or why it says nothing. */
export function decodedSidecar(bytes: Uint8Array<ArrayBuffer>): Sidecar | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const content = file.subarray(0, Math.max(0, file.length - TRAILER_BYTES));
  if (trailerOf(content) !== file.toString("latin1", content.length)) {
    return "the content does not match its sha256";
  }
  const newline = content.indexOf("\n");
  const found = v.safeParse(header, jsonIn(content.toString("utf8", 0, newline)));
  if (!found.success) return "another version wrote it";
  const { segment: name, bytes: length, lastLogId, chainBefore, chain, stopped } = found.output;
  const firstLogId = parseSegmentName(name);
  if (firstLogId === undefined) return "it is not of a segment";
  const segment = {
    name,
    firstLogId,
    bytes: length,
    lastLogId,
    chainBefore,
    chain,
    stopped,
    formatVersion: found.output.segmentFormat,
  };
  const blocks = Buffer.from(content.toString("latin1", newline + 1), "base64");
  const index = LineIndex.of(blocks, lastLogId - firstLogId + 1, found.output.lines);
  return { segment, index, verdict: found.output.verdict };
}

const TRAILER_BYTES = trailerOf(Buffer.from("")).length;

function trailerOf(content: Buffer): string {
  return `{"sha256":"${createHash("sha256").update(content).digest("hex")}"}\n`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class SidecarStore {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** What the sidecar of a segment says, why it says nothing, or `undefined` without one. */
  async read({ name, firstLogId }: SegmentInfo): Promise<Sidecar | string | undefined> {
    const path = this.#pathOf(firstLogId);
    try {
      if (!await this.#isFolder()) return undefined;
      const kind = await this.#fileSystem.kind(path);
      if (kind === "missing") return undefined;
      if (kind !== "file") return `it is a ${kind}`;
      const size = await withFile(this.#fileSystem, path, "read", (file) => file.size());
      if (size > SIDECAR_BYTES_MAX) return `it has ${size} bytes`;
      const found = decodedSidecar(await readWhole(this.#fileSystem, path));
      if (typeof found === "string") return found;
      return found.segment.name === name ? found : `it is that of ${found.segment.name}`;
    } catch (error) {
      return `it cannot be read: ${failureReason(error, path)}`;
    }
  }

  /** What is known of a segment whose file is the one that the verdict names, unchanged. */
  async trusted(segment: SegmentInfo): Promise<Sidecar | undefined> {
    const found = await this.read(segment);
    if (typeof found !== "object" || found.segment.bytes !== segment.bytes) return undefined;
    return isSame(found.verdict, await this.stampOf(segment)) ? found : undefined;
  }

  /** `undefined` when the file is missing, or the system does not tell. */
  stampOf({ name }: SegmentInfo): Promise<FileStamp | undefined> {
    return stampAt(this.#fileSystem, `${this.#layout.segments}/${name}`);
  }

  /**
   * The time of the file system, in its own grain. A file that was last changed before it has
   * another time after any later change; of one that was changed in the same grain nobody could
   * tell. `undefined` when the system does not tell.
   */
  async now(): Promise<number | undefined> {
    const path = `${this.#layout.folder}/clock${TEMPORARY}`;
    const file = await this.#fileSystem.open(path, "create");
    try {
      return (await this.#fileSystem.stamp(path))?.changedMs;
    } finally {
      file.close();
      await this.#fileSystem.remove(path);
    }
  }

  /** Writes one, whose name appears when all of it is on disk. */
  async write(sidecar: Sidecar): Promise<void> {
    await this.#requireFolder();
    const path = this.#pathOf(sidecar.segment.firstLogId);
    const temporary = path + TEMPORARY;
    try {
      await withFile(this.#fileSystem, temporary, "create", async (file) => {
        await file.write(0, encodedSidecar(sidecar));
        await file.sync();
      });
      await this.#fileSystem.rename(temporary, path);
    } catch (error) {
      await this.#drop(temporary);
      throw error;
    }
    await this.#fileSystem.syncFolder(this.#layout.sidecars);
  }

  /** Removes what a process left that died while it wrote one. */
  async removeUnfinished(): Promise<void> {
    if (!await this.#isFolder()) return;
    const { sidecars } = this.#layout;
    const names = await this.#fileSystem.list(sidecars);
    for (const name of names.filter(isTemporary)) await this.#drop(`${sidecars}/${name}`);
  }

  /** Removes those of other segments than these: repaired away, or active again. */
  async keepOnly(segments: readonly SegmentInfo[]): Promise<void> {
    if (!await this.#isFolder()) return;
    const kept = new Set(segments.map(({ firstLogId }) => firstLogId));
    for (const name of await this.#fileSystem.list(this.#layout.sidecars)) {
      const logId = parseSidecarName(name);
      const path = `${this.#layout.sidecars}/${name}`;
      if (logId !== undefined && !kept.has(logId)) await this.#drop(path);
    }
  }

  async #drop(path: string): Promise<void> {
    if (await this.#fileSystem.kind(path) === "file") await this.#fileSystem.remove(path);
  }

  /** A link leads elsewhere, where nothing is to be read or written. */
  async #isFolder(): Promise<boolean> {
    return await this.#fileSystem.kind(this.#layout.sidecars) === "folder";
  }

  async #requireFolder(): Promise<void> {
    const { folder, sidecars } = this.#layout;
    const kind = await this.#fileSystem.kind(sidecars);
    if (kind === "folder") return;
    if (kind !== "missing") throw new Error(`${sidecars} is a ${kind}, not a folder`);
    await this.#fileSystem.makeFolder(sidecars);
    await this.#fileSystem.syncFolder(folder);
  }

  #pathOf(firstLogId: number): string {
    return `${this.#layout.sidecars}/${sidecarName(firstLogId)}`;
  }
}
