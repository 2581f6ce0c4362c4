/** Checks that each snapshot follows from the lines up to its position. */

import { assertNever } from "../core/assert_never.ts";
import type { LogId } from "../core/ids.ts";
import { parseJsonText } from "../core/json_text.ts";
import type { JournalHead } from "../engine/ports.ts";
import { restsOnIndex } from "../engine/writer/snapshot_content.ts";
import { JournalUnusableError, orUnusable } from "../journal/errors.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { requireKind } from "../journal/files/folder.ts";
import { type Layout, parseSnapshotName } from "../journal/layout.ts";
import { SnapshotStore, type SnapshotVisitor } from "../journal/write/snapshot_store.ts";
import type { Findings } from "./audit_report.ts";
import type { Pause } from "../engine/turns.ts";

/** Where the snapshots are, and how to yield while one is read. */
interface SnapshotPlace {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly pause: Pause;
}

export class SnapshotAudit {
  readonly #store: SnapshotStore;
  /** Oldest first; the first is the next to compare. */
  #names: readonly string[];
  #compared = 0;
  /** Notes on snapshots that could not be compared. */
  readonly notes: string[] = [];

  constructor(
    private readonly place: SnapshotPlace,
    names: readonly string[],
    private readonly findings: Findings,
  ) {
    this.#store = new SnapshotStore(place.fileSystem, place.layout);
    this.#names = names;
  }

  /** The number of snapshots that were correct. */
  get compared(): number {
    return this.#compared;
  }

  /** Whether there is a snapshot to judge at or before the end of a batch. */
  isDue(logId: LogId): boolean {
    const [next] = this.#names;
    return next !== undefined && (parseSnapshotName(next) ?? 0) <= logId;
  }

  /** Judges the snapshots up to the end of a batch; `capture` gives the expected content. */
  async judgeUpTo(head: JournalHead, capture: Captures): Promise<void> {
    while (this.isDue(head.logId)) await this.#judgeNext(new Judgement(head, capture));
  }

  /** Judges the rest, which no batch has reached. After damage they may be correct. */
  async judgeRest(head: JournalHead, isConnected: boolean): Promise<void> {
    while (this.#names.length > 0) {
      await this.#judgeNext(isConnected ? judgeAhead(head) : ONLY_WHOLE);
    }
  }

  async #judgeNext(judge: SnapshotJudge): Promise<void> {
    const [file = "", ...rest] = this.#names;
    this.#names = rest;
    const outcome = await this.#outcomeOf(file, judge);
    switch (outcome.kind) {
      case "equal":
        this.#compared++;
        return;
      case "not compared":
        if (outcome.why !== undefined) this.notes.push(`snapshot ${file}: ${outcome.why}`);
        return;
      case "flaw":
        return this.findings.add(() => ({ kind: "snapshot", file, reason: outcome.reason }));
      default:
        return assertNever(outcome, "outcome");
    }
  }

  /** A server may remove old snapshots at any time. */
  async #outcomeOf(file: string, judge: SnapshotJudge): Promise<SnapshotOutcome> {
    const { fileSystem, layout, pause } = this.place;
    const path = `${layout.snapshots}/${file}`;
    try {
      await requireKind(fileSystem, path, ["file"]);
      const visit = () => this.#store.visit(file, judge, pause);
      const reason = await orUnusable("read", path, visit);
      return reason === undefined ? judge.outcome() : { kind: "flaw", reason };
    } catch (error) {
      if (await fileSystem.kind(path) === "missing") return { kind: "not compared" };
      if (!(error instanceof JournalUnusableError) || error.cause !== undefined) throw error;
      return { kind: "flaw", reason: error.message };
    }
  }
}

type SnapshotOutcome =
  | { readonly kind: "equal" }
  | { readonly kind: "not compared"; readonly why?: string }
  | { readonly kind: "flaw"; readonly reason: string };

interface SnapshotJudge extends SnapshotVisitor {
  /** Call it after the whole snapshot was visited. */
  outcome(): SnapshotOutcome;
}

/** The expected content: with all jobs, if they are in memory, or with the living ones only. */
interface Captures {
  all?(): Iterable<string>;
  living(): Iterable<string>;
}

/** Compares a snapshot with the projection at the end of a batch. */
class Judgement implements SnapshotJudge {
  #comparison: ContentComparison | undefined;
  #reason = "";
  #matchesHead = false;
  #isComparable = true;

  constructor(private readonly expected: JournalHead, private readonly capture: Captures) {}

  head({ logId, chain }: JournalHead): void {
    if (logId !== this.expected.logId) this.#reason = `no batch ends at logId ${logId}`;
    else if (chain !== this.expected.chain) this.#reason = "it belongs to another history";
    else this.#matchesHead = true;
  }

  line(line: string): void {
    if (!this.#matchesHead || !this.#isComparable) return;
    this.#comparison ??= this.#comparisonFor(line);
    this.#comparison?.take(line);
  }

  #comparisonFor(first: string): ContentComparison | undefined {
    const content = restsOnIndex(first) ? this.capture.living() : this.capture.all?.();
    this.#isComparable = content !== undefined;
    return content && new ContentComparison(content);
  }

  outcome(): SnapshotOutcome {
    if (!this.#matchesHead) return { kind: "flaw", reason: this.#reason };
    if (!this.#isComparable) {
      return { kind: "not compared", why: "it holds jobs that have ended; not compared" };
    }
    const comparison = this.#comparison ?? new ContentComparison(this.capture.living());
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
function judgeAhead(end: JournalHead): SnapshotJudge {
  let upTo = 0;
  return {
    head: ({ logId }) => void (upTo = logId),
    line() {},
    outcome() {
      const reason = `it covers entries up to logId ${upTo}, but the journal ends at ` +
        `${end.logId}: acknowledged entries are missing, unless this is a copy ` +
        "made while Daybook was running; in that case delete its snapshots, which are caches";
      return { kind: "flaw", reason };
    },
  };
}

/** Accepts any whole snapshot, since damage hides the lines before it. */
const ONLY_WHOLE: SnapshotJudge = {
  head() {},
  line() {},
  outcome: () => ({ kind: "not compared" }),
};

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
