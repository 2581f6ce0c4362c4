/** Reads a snapshot piece by piece, for those who need not hold all of it. */

import { createHash } from "node:crypto";
import type { JournalHead } from "../engine/ports.ts";
import type { OpenFile } from "./file_system.ts";
import {
  CONTENT_FLAW,
  headIn,
  LINES_FLAW,
  type SnapshotTrailer,
  trailerIn,
} from "./snapshot_file.ts";

export interface SnapshotVisitor {
  head(head: JournalHead): void;
  /** A line of the consumer. */
  line(line: string): void;
}

const NEWLINE = 10;
const TRAILER_BYTES_MAX = 1024;
const CHUNK_BYTES = 1024 * 1024;

/** The result is why the snapshot cannot be trusted: then what was visited means nothing. */
export async function visitSnapshot(
  file: OpenFile,
  visitor: SnapshotVisitor,
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<string | undefined> {
  const from = Math.max(0, await file.size() - TRAILER_BYTES_MAX);
  const end = await file.read(from, TRAILER_BYTES_MAX);
  const trailerStart = end.lastIndexOf(NEWLINE, end.length - 2) + 1;
  const trailer = trailerIn(end.subarray(trailerStart));
  if (typeof trailer === "string") return trailer;
  const pass = new Pass(visitor);
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
  readonly #visitor: SnapshotVisitor;
  readonly #hash = createHash("sha256");
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";
  /** What is wrong with the header, which comes first. */
  #headFlaw: string | undefined = "the header is not whole";
  #hasHead = false;
  #lines = 0;

  constructor(visitor: SnapshotVisitor) {
    this.#visitor = visitor;
  }

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
      if (this.#headFlaw === undefined) this.#visitor.line(line);
      return;
    }
    this.#hasHead = true;
    const head = headIn(line);
    this.#headFlaw = typeof head === "string" ? head : undefined;
    if (typeof head !== "string") this.#visitor.head(head);
  }
}
