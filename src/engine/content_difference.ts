/** Compares the content of a snapshot with what it should be. */

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

/**
 * The first difference between the lines of a snapshot and the lines that a capture of the
 * same entries gives; `undefined` when they say the same.
 */
export function contentDifference(
  found: readonly string[],
  expected: Iterable<string>,
): ContentDifference | undefined {
  const slots = { found: new Parts(), expected: new Parts() };
  let at = 0;
  /** Moves past parts of the unordered column. */
  const nextFound = (): string | undefined => {
    for (; found[at]?.startsWith(UNORDERED_COLUMN); at++) slots.found.add(found[at] ?? "");
    return found[at++];
  };
  for (const line of expected) {
    if (line.startsWith(UNORDERED_COLUMN)) {
      slots.expected.add(line);
      continue;
    }
    const other = nextFound();
    if (other === line) continue;
    return VERSION_LINE.test(line) && VERSION_LINE.test(other ?? "")
      ? { kind: "version" }
      : differs(at + HEADER_LINES, line);
  }
  if (nextFound() !== undefined) return content(`line ${at + HEADER_LINES} is one too many`);
  return slots.found.equals(slots.expected)
    ? undefined
    : content("the event ids are not those of the journal");
}

function content(reason: string): ContentDifference {
  return { kind: "content", reason };
}

function differs(lineNumber: number, expected: string): ContentDifference {
  return content(`line ${lineNumber}: ${subjectOf(expected)} is not what the journal says`);
}

function subjectOf(line: string): string {
  const { job, column } = JSON.parse(line);
  if (job !== undefined) return `job ${job.jobId}`;
  return column === undefined ? "it" : `column ${column}`;
}

/** Slots of 8 bytes, however they are cut into lines. */
class Parts {
  readonly #parts: Buffer[] = [];
  #areWhole = true;

  add(line: string): void {
    const part = UNORDERED_PART.exec(line)?.[1];
    if (part === undefined) this.#areWhole = false;
    else this.#parts.push(Buffer.from(part, "base64"));
  }

  equals(other: Parts): boolean {
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
