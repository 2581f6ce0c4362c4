/** Compares the content of a snapshot, line by line, with what it should be. */

import { parseJsonText } from "../core/json_text.ts";
import { Buffer } from "node:buffer";
import { FactIndex } from "../engine/views/fact_index.ts";

/** How a content differs: it says something else, or another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

/** Columns that are compared as a whole: the slots of a table are in no order that matters. */
const WHOLE_COLUMNS = ["eventIds", "facts"] as const;
const PART = /^\{"column":"(eventIds|facts)","part":"([A-Za-z0-9+/=]*)"\}$/;
const VERSION_LINE = /^\{"content":\d+[,}]/;
/** Lines of the file before the first of the content. */
const HEADER_LINES = 1;

export class ContentComparison {
  readonly #expected: Iterator<string>;
  readonly #found = new WholeColumns();
  readonly #whole = new WholeColumns();
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
    const column = this.#found.differenceFrom(this.#whole);
    return column === undefined
      ? undefined
      : content(`column ${column} is not what the journal says`);
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

type WholeColumn = typeof WHOLE_COLUMNS[number];

/** Columns that are compared when all their parts are there, however they are cut into lines. */
class WholeColumns {
  readonly #parts: Record<WholeColumn, Buffer[]> = { eventIds: [], facts: [] };

  /** Whether the line is a part of such a column. */
  take(line: string): boolean {
    const [, column, part] = PART.exec(line) ?? [];
    if (column === undefined || part === undefined) return false;
    const bytes = Buffer.from(part, "base64");
    // A decoder passes over much that an encoder never writes.
    if (bytes.toString("base64") !== part) return false;
    this.#parts[column as WholeColumn].push(bytes);
    return true;
  }

  /** The first column that says something else. */
  differenceFrom(other: WholeColumns): WholeColumn | undefined {
    return WHOLE_COLUMNS.find((column) => !this.#equals(column, other));
  }

  #equals(column: WholeColumn, other: WholeColumns): boolean {
    const [mine, theirs] = [this.#words(column), other.#words(column)];
    if (mine === undefined || theirs === undefined) return false;
    return column === "facts" ? FactIndex.areEqual(mine, theirs) : areEqualSlots(mine, theirs);
  }

  /** `undefined` when the bytes are no whole numbers. */
  #words(column: WholeColumn): Uint32Array<ArrayBuffer> | undefined {
    const bytes = new Uint8Array(Buffer.concat(this.#parts[column]));
    return bytes.length % Uint32Array.BYTES_PER_ELEMENT === 0
      ? new Uint32Array(bytes.buffer)
      : undefined;
  }
}

/** Whether two tables of slots, of two numbers each, hold the same. */
function areEqualSlots(
  left: Uint32Array<ArrayBuffer>,
  right: Uint32Array<ArrayBuffer>,
): boolean {
  if (left.length !== right.length || left.length % 2 !== 0) return false;
  const [mine, theirs] = [left, right].map(({ buffer }) => new BigUint64Array(buffer).sort());
  return mine?.every((slot, index) => slot === theirs?.[index]) ?? false;
}
