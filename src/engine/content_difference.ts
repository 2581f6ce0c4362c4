/** Compares the content of a snapshot, line by line, with what it should be. */

import { Buffer } from "node:buffer";
import { EventIdIndex } from "./event_id_index.ts";
import { FactIndex } from "./fact_index.ts";

/** How a content differs: it says something else, or another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

/** Columns that are tables of hashes, whose slots are in no order that matters. */
const UNORDERED: Readonly<Record<string, (packed: Uint32Array) => Uint32Array>> = {
  eventIds: EventIdIndex.canonical,
  facts: FactIndex.canonical,
};
const COLUMN_LINE = /^\{"column":"(\w+)","part":"([A-Za-z0-9+/=]*)"\}$/;
const COLUMN_START = '{"column":';
const VERSION_LINE = /^\{"content":\d+\}$/;
/** Lines of the file before the first of the content. */
const HEADER_LINES = 1;

export class ContentComparison {
  readonly #expected: Iterator<string>;
  readonly #found = new Columns();
  readonly #expectedColumns = new Columns();
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
    const column = this.#found.firstOther(this.#expectedColumns);
    return column === undefined
      ? undefined
      : content(`column ${column} is not what the journal says`);
  }

  #nextExpected(): string | undefined {
    for (;;) {
      const { done, value } = this.#expected.next();
      if (done) return undefined;
      if (!this.#expectedColumns.take(value)) return value;
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
  const { job, column } = JSON.parse(line);
  if (job !== undefined) return `job ${job.jobId}`;
  return column === undefined ? "the version" : `column ${column}`;
}

/** The unordered columns of one content, however they are cut into lines. */
class Columns {
  readonly #parts = new Map<string, Buffer[]>();

  /** `false`, and nothing taken, when the line is of no such column. */
  take(line: string): boolean {
    if (!line.startsWith(COLUMN_START)) return false;
    const [, name = "", part = ""] = COLUMN_LINE.exec(line) ?? [];
    const bytes = Buffer.from(part, "base64");
    // A decoder passes over much that an encoder never writes.
    if (!Object.hasOwn(UNORDERED, name) || bytes.toString("base64") !== part) return false;
    const parts = this.#parts.get(name) ?? [];
    parts.push(bytes);
    this.#parts.set(name, parts);
    return true;
  }

  /** The first column that is not the same in another content. */
  firstOther(other: Columns): string | undefined {
    return Object.keys(UNORDERED).find((name) =>
      !isSame(this.#bytes(name), other.#bytes(name), name)
    );
  }

  #bytes(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.concat(this.#parts.get(name) ?? []));
  }
}

function isSame(
  left: Uint8Array<ArrayBuffer>,
  right: Uint8Array<ArrayBuffer>,
  name: string,
): boolean {
  return left.length === right.length && left.length % Uint32Array.BYTES_PER_ELEMENT === 0 &&
    canonicalBytes(left, name).equals(canonicalBytes(right, name));
}

function canonicalBytes({ buffer }: Uint8Array<ArrayBuffer>, name: string): Buffer {
  const words = new Uint32Array(buffer);
  const { buffer: canonical, byteOffset, byteLength } = UNORDERED[name]?.(words) ?? words;
  return Buffer.from(canonical, byteOffset, byteLength);
}
