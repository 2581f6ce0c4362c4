/**
 * Stores the snapshots of a journal: caches that can be deleted at any time. A snapshot is a header
 * line, the lines of the consumer, and a trailer line with their number and the SHA-256, in
 * hexadecimal, of all bytes before it.
 */

import { createHash } from "node:crypto";
import type { LogId } from "../../core/ids.ts";
import type { Clock, JournalHead } from "../../engine/ports.ts";
import { NO_PAUSE, type Pause } from "../../engine/turns.ts";
import { failureReason } from "../errors.ts";
import { type FileSystem, type OpenFile, replaceFile, withFile } from "../files/file_system.ts";
import { NEWLINE } from "../format/line_bytes.ts";
import { type Layout, parseSnapshotName, snapshotName, snapshotNames } from "../layout.ts";

const KEPT = 2;

export class SnapshotStore {
  constructor(private readonly fileSystem: FileSystem, private readonly layout: Layout) {}

  /** File names, newest first. */
  async names(): Promise<readonly string[]> {
    return snapshotNames(await this.fileSystem.list(this.layout.snapshots)).reverse();
  }

  /** The position of the newest snapshot, by its name. */
  async newestLogId(): Promise<LogId | undefined> {
    const [newest] = await this.names();
    return newest === undefined ? undefined : parseSnapshotName(newest);
  }

  /**
   * Returns the content of a snapshot, or why it cannot be used. Since a snapshot is a cache, no
   * read failure is an error.
   */
  async read(name: string): Promise<Snapshot | string> {
    const lines: string[] = [];
    let head: JournalHead = { logId: 0, chain: "" };
    const visitor = {
      head: (found: JournalHead) => void (head = found),
      line: (line: string) => void lines.push(line),
    };
    try {
      return await this.visit(name, visitor) ?? { ...head, lines };
    } catch (error) {
      return `it cannot be read: ${failureReason(error, this.#pathOf(name))}`;
    }
  }

  /**
   * Reads a snapshot in chunks.
   *
   * @param pause Yields to other work if due.
   * @returns Why the snapshot cannot be trusted, if so: then discard what was visited.
   */
  async visit(name: string, visitor: SnapshotVisitor, pause?: Pause): Promise<string | undefined> {
    const path = this.#pathOf(name);
    return await withFile(
      this.fileSystem,
      path,
      "read",
      (file) => visitSnapshot(file, parseSnapshotName(name), visitor, pause),
    );
  }

  /** Renames a snapshot so that it is no longer used. */
  async setAside(name: string, suffix: string): Promise<void> {
    await this.fileSystem.rename(this.#pathOf(name), this.#pathOf(name + suffix));
    await this.fileSystem.syncFolder(this.layout.snapshots);
  }

  /**
   * Writes a snapshot and removes all but the newest two.
   *
   * @returns Its file name.
   */
  async write(head: JournalHead, lines: Iterable<string>, clock: Clock): Promise<string> {
    const name = snapshotName(head.logId);
    // Someone may have deleted it, as a cache.
    await this.fileSystem.makeFolder(this.layout.snapshots);
    await replaceFile(
      this.fileSystem,
      this.#pathOf(name),
      (file) => writeSnapshot(file, head, lines, clock),
    );
    await this.#removeOld();
    return name;
  }

  async #removeOld(): Promise<void> {
    for (const name of (await this.names()).slice(KEPT)) {
      await this.fileSystem.remove(this.#pathOf(name));
    }
  }

  #pathOf(name: string): string {
    return `${this.layout.snapshots}/${name}`;
  }
}

const SNAPSHOT_FORMAT_VERSION = 1;

/** About what can be encoded, hashed and written in a millisecond. */
const SLICE_CHARACTERS = 256 * 1024;
/** How long the event loop may be blocked. */
const SLICE_MS = 5;

/** A snapshot that was read completely. */
export interface Snapshot extends JournalHead {
  readonly lines: readonly string[];
}

/**
 * Writes a snapshot in slices, so that other work continues meanwhile.
 *
 * @throws {TypeError} when a line of the consumer contains a newline.
 */
async function writeSnapshot(
  file: OpenFile,
  head: JournalHead,
  lines: Iterable<string>,
  clock: Clock,
): Promise<void> {
  const hash = createHash("sha256");
  let [count, at] = [0, 0];
  for (const slice of toSlices(numbered(head, lines, () => count++), clock)) {
    hash.update(slice);
    await file.write(at, slice);
    at += slice.length;
    await clock.pause();
  }
  const trailer = JSON.stringify({ lines: count, sha256: hash.digest("hex") });
  await file.write(at, encoder.encode(trailer + "\n"));
}

const CONTENT_FLAW = "the content does not match its sha256";
const LINES_FLAW = "lines are missing";

interface SnapshotTrailer {
  readonly lines: unknown;
  readonly sha256: unknown;
}

/**
 * Parses the last line of a snapshot, including its newline; returns what is wrong, if anything.
 */
function trailerIn(bytes: Uint8Array): SnapshotTrailer | string {
  const trailer = jsonObject(decoder.decode(bytes));
  if (bytes.at(-1) !== NEWLINE || trailer === undefined) return "the trailer is incomplete";
  return { lines: trailer["lines"], sha256: trailer["sha256"] };
}

/** The head in the first line of a snapshot, or what is wrong with the line or the name. */
function headIn(header: string, expected: LogId | undefined): JournalHead | string {
  const { formatVersion, logId, chain } = jsonObject(header) ?? {};
  if (formatVersion !== SNAPSHOT_FORMAT_VERSION) return `format ${formatVersion} is unknown`;
  if (typeof logId !== "number" || typeof chain !== "string") return "the header is incomplete";
  if (logId !== expected) return "the name gives another logId";
  return { logId, chain };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function* numbered(
  { logId, chain }: JournalHead,
  lines: Iterable<string>,
  count: () => void,
): Iterable<string> {
  yield JSON.stringify({ formatVersion: SNAPSHOT_FORMAT_VERSION, logId, chain });
  for (const line of lines) {
    if (line.includes("\n")) throw new TypeError("Cannot write a snapshot: a line has a newline");
    count();
    yield line;
  }
}

function* toSlices(lines: Iterable<string>, clock: Clock): Iterable<Uint8Array> {
  let text = "";
  let began = clock.monotonic();
  for (const line of lines) {
    text += line + "\n";
    if (text.length < SLICE_CHARACTERS && clock.monotonic() - began < SLICE_MS) continue;
    yield encoder.encode(text);
    text = "";
    began = clock.monotonic();
  }
  if (text !== "") yield encoder.encode(text);
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export interface SnapshotVisitor {
  head(head: JournalHead): void;
  /** A line of the consumer. */
  line(line: string): void;
}

const TRAILER_BYTES_MAX = 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a snapshot in chunks.
 *
 * @returns Why it cannot be trusted, if so: then discard what was visited.
 */
async function visitSnapshot(
  file: OpenFile,
  logId: LogId | undefined,
  visitor: SnapshotVisitor,
  pause = NO_PAUSE,
): Promise<string | undefined> {
  const from = Math.max(0, await file.size() - TRAILER_BYTES_MAX);
  const end = await file.read(from, TRAILER_BYTES_MAX);
  const trailerStart = end.lastIndexOf(NEWLINE, end.length - 2) + 1;
  const trailer = trailerIn(end.subarray(trailerStart));
  if (typeof trailer === "string") return trailer;
  const pass = new Pass(logId, visitor);
  const contentBytes = from + trailerStart;
  for (let at = 0; at < contentBytes;) {
    const chunk = await file.read(at, Math.min(CHUNK_BYTES, contentBytes - at));
    if (chunk.length === 0) break;
    pass.take(chunk);
    at += chunk.length;
    await pause();
  }
  return pass.flaw(trailer);
}

class Pass {
  readonly #hash = createHash("sha256");
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";
  /** What is wrong with the header, if anything. */
  #headFlaw: string | undefined = "the header is incomplete";
  #hasHead = false;
  #lines = 0;

  /** @param logId The position in the name of the snapshot. */
  constructor(
    private readonly logId: LogId | undefined,
    private readonly visitor: SnapshotVisitor,
  ) {}

  take(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  flaw({ lines, sha256 }: SnapshotTrailer): string | undefined {
    if (sha256 !== this.#hash.digest("hex")) return CONTENT_FLAW;
    return this.#headFlaw ?? (lines === this.#lines ? undefined : LINES_FLAW);
  }

  #take(line: string): void {
    if (this.#hasHead) {
      this.#lines++;
      if (this.#headFlaw === undefined) this.visitor.line(line);
      return;
    }
    this.#hasHead = true;
    const head = headIn(line, this.logId);
    this.#headFlaw = typeof head === "string" ? head : undefined;
    if (typeof head !== "string") this.visitor.head(head);
  }
}
