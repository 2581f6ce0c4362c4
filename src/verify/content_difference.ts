/** Compares the content of a snapshot, line by line, with what it should be. */

import { parseJsonText } from "../core/json_text.ts";
import { Buffer } from "node:buffer";
import { PackedIndex } from "../engine/views/value_index_packing.ts";

/** How a content differs: it says something else, or another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

/** A column that is compared as a whole: the slots of a table are in no order that matters. */
const PART = /^\{"column":"facts","part":"([A-Za-z0-9+/=]*)"\}$/;
const VERSION_LINE = /^\{"content":\d+[,}]/;
/** Lines of the file before the first of the content. */
const HEADER_LINES = 1;

export class ContentComparison {
  readonly #expected: Iterator<string>;
  readonly #found = new WholeColumn();
  readonly #whole = new WholeColumn();
  #lines = 0;
  #difference: ContentDifference | undefined;

  /** @param expected the lines that a capture of the same entries gives. */
  constructor(expected: Iterable<string>) {
    this.#expected = expected[Symbol.iterator]();
  }

  /** Takes the next line that was found. */
  take(found: string): void {
    this.#lines++;
    if (this.#difference !== undefined) return;
    if (this.#found.take(found)) return;
    const expected = this.#nextExpected();
    if (expected !== found) this.#difference = differenceAt(this.#lines, expected, found);
  }

  /** The first difference, once all lines were taken; `undefined` when they say the same. */
  end(): ContentDifference | undefined {
    if (this.#difference !== undefined) return this.#difference;
    const missing = this.#nextExpected();
    if (missing !== undefined) return content(`${subjectOf(missing)} is missing`);
    return this.#found.equals(this.#whole)
      ? undefined
      : content("column facts is not what the journal says");
  }

  #nextExpected(): string | undefined {
    for (;;) {
      const { done, value } = this.#expected.next();
      if (done) return undefined;
      if (!this.#whole.take(value)) return value;
    }
  }
}

function differenceAt(
  contentLine: number,
  expected: string | undefined,
  found: string,
): ContentDifference {
  const line = contentLine + HEADER_LINES;
  if (expected === undefined) return content(`line ${line} is one too many`);
  return VERSION_LINE.test(expected) && VERSION_LINE.test(found)
    ? { kind: "version" }
    : content(`line ${line}: ${subjectOf(expected)} is not what the journal says`);
}

function content(reason: string): ContentDifference {
  return { kind: "content", reason };
}

function subjectOf(line: string): string {
  const { job, column } = parseJsonText(line) as { job?: { jobId: string }; column?: string };
  if (job !== undefined) return `job ${job.jobId}`;
  return column === undefined ? "the version" : `column ${column}`;
}

/** A column that is compared when all its parts are there, however they are cut into lines. */
class WholeColumn {
  readonly #parts: Buffer[] = [];

  /** Whether the line is a part of it. */
  take(line: string): boolean {
    const part = PART.exec(line)?.[1];
    if (part === undefined) return false;
    const bytes = Buffer.from(part, "base64");
    // A decoder passes over much that an encoder never writes.
    if (bytes.toString("base64") !== part) return false;
    this.#parts.push(bytes);
    return true;
  }

  equals(other: WholeColumn): boolean {
    const [mine, theirs] = [this.#words(), other.#words()];
    return mine !== undefined && theirs !== undefined && PackedIndex.areEqual(mine, theirs);
  }

  /** `undefined` when the bytes are no whole numbers. */
  #words(): Uint32Array<ArrayBuffer> | undefined {
    const bytes = new Uint8Array(Buffer.concat(this.#parts));
    return bytes.length % Uint32Array.BYTES_PER_ELEMENT === 0
      ? new Uint32Array(bytes.buffer)
      : undefined;
  }
}
