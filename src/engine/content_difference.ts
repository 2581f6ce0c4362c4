/** Compares the content of a snapshot, line by line, with what it should be. */

import { Buffer } from "node:buffer";

/** How a content differs: it says something else, or another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

/** A table of hashes, whose slots are in no order that matters. */
const UNORDERED_COLUMN = '{"column":"eventIds",';
const UNORDERED_PART = /^\{"column":"eventIds","part":"([A-Za-z0-9+/=]*)"\}$/;
const VERSION_LINE = /^\{"content":\d+\}$/;
/** Lines of the file before the first of the content. */
const HEADER_LINES = 1;

export class ContentComparison {
  readonly #expected: Iterator<string>;
  readonly #slots = { found: new Slots(), expected: new Slots() };
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
    if (found.startsWith(UNORDERED_COLUMN)) return this.#slots.found.add(found);
    const expected = this.#nextExpected();
    if (expected !== found) this.#difference = differenceAt(this.#lines, expected, found);
  }

  /** The first difference, once all lines were taken; `undefined` when they say the same. */
  end(): ContentDifference | undefined {
    if (this.#difference !== undefined) return this.#difference;
    const missing = this.#nextExpected();
    if (missing !== undefined) return content(`${subjectOf(missing)} is missing`);
    return this.#slots.found.equals(this.#slots.expected)
      ? undefined
      : content("the event ids are not those of the journal");
  }

  #nextExpected(): string | undefined {
    for (;;) {
      const { done, value } = this.#expected.next();
      if (done) return undefined;
      if (!value.startsWith(UNORDERED_COLUMN)) return value;
      this.#slots.expected.add(value);
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

/** Slots of 8 bytes, however they are cut into lines. */
class Slots {
  readonly #parts: Buffer[] = [];
  #areWhole = true;

  add(line: string): void {
    const part = UNORDERED_PART.exec(line)?.[1];
    if (part === undefined) this.#areWhole = false;
    else this.#parts.push(Buffer.from(part, "base64"));
  }

  equals(other: Slots): boolean {
    const [mine, theirs] = [this.#sorted(), other.#sorted()];
    return mine !== undefined && theirs !== undefined && mine.equals(theirs);
  }

  /** `undefined` when it is not made of whole slots. */
  #sorted(): Buffer | undefined {
    const bytes = new Uint8Array(Buffer.concat(this.#parts));
    if (!this.#areWhole || bytes.length % BigUint64Array.BYTES_PER_ELEMENT !== 0) return undefined;
    new BigUint64Array(bytes.buffer).sort();
    return Buffer.from(bytes.buffer);
  }
}
