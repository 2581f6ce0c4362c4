/** Judges one snapshot by what is known at its position. */

import { assertNever } from "../core/assert_never.ts";
import { restsOnIndex } from "../engine/writer/snapshot_content.ts";
import type { JournalHead } from "../engine/ports.ts";
import type { SnapshotVisitor } from "../journal/snapshot_file.ts";
import { parseJsonText } from "../core/json_text.ts";

export type SnapshotOutcome =
  | { readonly kind: "equal" }
  | { readonly kind: "not compared"; readonly why?: string }
  | { readonly kind: "flaw"; readonly reason: string };

export interface SnapshotJudge extends SnapshotVisitor {
  /** Call it after the whole snapshot was visited. */
  outcome(): SnapshotOutcome;
}

/** The expected content: with all jobs, if they are in memory, or with the living ones only. */
export interface Captures {
  all?(): Iterable<string>;
  living(): Iterable<string>;
}

/** Compares a snapshot with the projection at the end of a batch. */
export class Judgement implements SnapshotJudge {
  readonly #expected: JournalHead;
  readonly #capture: Captures;
  #comparison: ContentComparison | undefined;
  #reason = "";
  #matchesHead = false;
  #isComparable = true;

  constructor(expected: JournalHead, capture: Captures) {
    this.#expected = expected;
    this.#capture = capture;
  }

  head({ logId, chain }: JournalHead): void {
    if (logId !== this.#expected.logId) this.#reason = `no batch ends at logId ${logId}`;
    else if (chain !== this.#expected.chain) this.#reason = "it belongs to another history";
    else this.#matchesHead = true;
  }

  line(line: string): void {
    if (!this.#matchesHead || !this.#isComparable) return;
    this.#comparison ??= this.#comparisonFor(line);
    this.#comparison?.take(line);
  }

  #comparisonFor(first: string): ContentComparison | undefined {
    const content = restsOnIndex(first) ? this.#capture.living() : this.#capture.all?.();
    this.#isComparable = content !== undefined;
    return content && new ContentComparison(content);
  }

  outcome(): SnapshotOutcome {
    if (!this.#matchesHead) return { kind: "flaw", reason: this.#reason };
    if (!this.#isComparable) {
      return { kind: "not compared", why: "it holds jobs that have ended; not compared" };
    }
    const comparison = this.#comparison ?? new ContentComparison(this.#capture.living());
    const difference = comparison.end();
    switch (difference?.kind) {
      case undefined:
        return { kind: "equal" };
      case "content":
        return { kind: "flaw", reason: difference.reason };
      case "version":
        return { kind: "not compared", why: "another version wrote it; not compared" };
      default:
        return assertNever(difference, "difference");
    }
  }
}

/** Judges a snapshot beyond the end of the lines. */
export class Ahead implements SnapshotJudge {
  readonly #end: JournalHead;
  #logId = 0;

  constructor(end: JournalHead) {
    this.#end = end;
  }

  head({ logId }: JournalHead): void {
    this.#logId = logId;
  }

  line(): void {}

  outcome(): SnapshotOutcome {
    const reason = `it covers entries up to logId ${this.#logId}, but the journal ends at ` +
      `${this.#end.logId}: acknowledged entries are missing, unless this is a copy ` +
      "made while Daybook was running; in that case delete its snapshots, which are caches";
    return { kind: "flaw", reason };
  }
}

/** Accepts any whole snapshot, since damage hides the lines before it. */
export class OnlyWhole implements SnapshotJudge {
  head(): void {}

  line(): void {}

  outcome(): SnapshotOutcome {
    return { kind: "not compared" };
  }
}

/** How the content differs: in what it says, or because another version wrote it. */
export type ContentDifference =
  | { readonly kind: "version" }
  | { readonly kind: "content"; readonly reason: string };

const VERSION_LINE = /^\{"content":\d+[,}]/;
/** Which starts are kept depends on the rates of the loaded code, and a verification loads none. */
const STARTS_LINE = '{"starts":';
/** Lines of the file before its content. */
const HEADER_LINES = 1;

/** Compares the content of a snapshot, line by line, with what it should be. */
export class ContentComparison {
  readonly #expected: Iterator<string, undefined>;
  #lines = 0;
  #difference: ContentDifference | undefined;

  /** @param expected The lines that a capture of the same entries gives. */
  constructor(expected: Iterable<string>) {
    this.#expected = expected[Symbol.iterator]();
  }

  /** Takes the next line of the snapshot. */
  take(found: string): void {
    this.#lines++;
    if (this.#difference !== undefined || found.startsWith(STARTS_LINE)) return;
    const expected = this.#nextExpected();
    if (expected !== found) this.#difference = differenceAt(this.#lines, expected, found);
  }

  /** The first difference, after all lines were taken; `undefined` when there is none. */
  end(): ContentDifference | undefined {
    if (this.#difference !== undefined) return this.#difference;
    const missing = this.#nextExpected();
    return missing === undefined ? undefined : content(`${subjectOf(missing)} is missing`);
  }

  #nextExpected(): string | undefined {
    const { value } = this.#expected.next();
    return value?.startsWith(STARTS_LINE) ? this.#nextExpected() : value;
  }
}

function differenceAt(
  contentLine: number,
  expected: string | undefined,
  found: string,
): ContentDifference {
  const line = contentLine + HEADER_LINES;
  if (expected === undefined) return content(`line ${line} should not be there`);
  return VERSION_LINE.test(expected) && VERSION_LINE.test(found)
    ? { kind: "version" }
    : content(`line ${line}: ${subjectOf(expected)} differs from the journal`);
}

function content(reason: string): ContentDifference {
  return { kind: "content", reason };
}

function subjectOf(line: string): string {
  const { job, column } = parseJsonText(line) as { job?: { jobId: string }; column?: string };
  if (job !== undefined) return `job ${job.jobId}`;
  return column === undefined ? "the version" : `column ${column}`;
}
