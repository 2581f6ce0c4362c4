/** Judges one whole snapshot, by what is known at its position. */

import { assertNever } from "../core/assert_never.ts";
import { ContentComparison } from "./content_difference.ts";
import { restsOnIndex } from "../engine/writer/snapshot_content.ts";
import type { JournalHead } from "../engine/ports.ts";
import type { SnapshotVisitor } from "../journal/snapshot_visit.ts";

export type SnapshotOutcome =
  | { readonly kind: "equal" }
  | { readonly kind: "not compared"; readonly why?: string }
  | { readonly kind: "flaw"; readonly reason: string };

export interface SnapshotJudge extends SnapshotVisitor {
  /** To be asked when all was visited. */
  outcome(): SnapshotOutcome;
}

/** The content as of now: with all jobs, where they are in memory, or only those that live. */
export interface Captures {
  all?(): Iterable<string>;
  living(): Iterable<string>;
}

/** Compares it with what was projected up to the end of a batch. */
export class Judgement implements SnapshotJudge {
  readonly #expected: JournalHead;
  readonly #capture: Captures;
  #comparison: ContentComparison | undefined;
  #reason = "";
  #isOfHere = false;
  #isComparable = true;

  constructor(expected: JournalHead, capture: Captures) {
    this.#expected = expected;
    this.#capture = capture;
  }

  head({ logId, chain }: JournalHead): void {
    if (logId !== this.#expected.logId) this.#reason = `no batch ends at logId ${logId}`;
    else if (chain !== this.#expected.chain) this.#reason = "it stands for another history";
    else this.#isOfHere = true;
  }

  line(line: string): void {
    if (!this.#isOfHere || !this.#isComparable) return;
    this.#comparison ??= this.#comparisonFor(line);
    this.#comparison?.take(line);
  }

  #comparisonFor(first: string): ContentComparison | undefined {
    const content = restsOnIndex(first) ? this.#capture.living() : this.#capture.all?.();
    this.#isComparable = content !== undefined;
    return content && new ContentComparison(content);
  }

  outcome(): SnapshotOutcome {
    if (!this.#isOfHere) return { kind: "flaw", reason: this.#reason };
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

/** The lines end before it. */
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
    const reason = `it stands for logId ${this.#logId}, but the journal ends at ` +
      `${this.#end.logId}: entries that were acknowledged are gone, unless this is a copy ` +
      "that was made while Daybook ran: then delete its snapshots, which are caches";
    return { kind: "flaw", reason };
  }
}

/** Nothing is known of the lines before it. */
export class OnlyWhole implements SnapshotJudge {
  head(): void {}

  line(): void {}

  outcome(): SnapshotOutcome {
    return { kind: "not compared" };
  }
}
