/** Compares the content of a snapshot, line by line, with what it should be. */

import { parseJsonText } from "../core/json_text.ts";

/** How a content differs: it says something else, or another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

const VERSION_LINE = /^\{"content":\d+[,}]/;
/** Lines of the file before the first of the content. */
const HEADER_LINES = 1;

export class ContentComparison {
  readonly #expected: Iterator<string, undefined>;
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
    const { value: expected } = this.#expected.next();
    if (expected !== found) this.#difference = differenceAt(this.#lines, expected, found);
  }

  /** The first difference, once all lines were taken; `undefined` when they say the same. */
  end(): ContentDifference | undefined {
    if (this.#difference !== undefined) return this.#difference;
    const { value: missing } = this.#expected.next();
    return missing === undefined ? undefined : content(`${subjectOf(missing)} is missing`);
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
