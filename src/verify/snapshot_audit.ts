/** Checks that each snapshot follows from the lines up to its position. */

import { assertNever } from "../core/assert_never.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalHead } from "../engine/ports.ts";
import { JournalUnusableError, orUnusable } from "../journal/errors.ts";
import type { FileSystem } from "../journal/file_system.ts";
import { requireKind } from "../journal/folder.ts";
import { type Layout, parseSnapshotName } from "../journal/layout.ts";
import { SnapshotStore } from "../journal/snapshot_store.ts";
import type { Pause } from "./pace.ts";
import type { Findings } from "./problem.ts";
import {
  Ahead,
  type Captures,
  Judgement,
  OnlyWhole,
  type SnapshotJudge,
  type SnapshotOutcome,
} from "./snapshot_judge.ts";

/** Where the snapshots are, and how to yield while one is read. */
interface SnapshotPlace {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly pause: Pause;
}

export class SnapshotAudit {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #pause: Pause;
  readonly #store: SnapshotStore;
  readonly #findings: Findings;
  /** Oldest first; the first is the next to compare. */
  #names: readonly string[];
  #compared = 0;
  /** Notes on snapshots that could not be compared. */
  readonly notes: string[] = [];

  constructor(
    { fileSystem, layout, pause }: SnapshotPlace,
    names: readonly string[],
    findings: Findings,
  ) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#pause = pause;
    this.#store = new SnapshotStore(fileSystem, layout);
    this.#names = names;
    this.#findings = findings;
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
      await this.#judgeNext(isConnected ? new Ahead(head) : new OnlyWhole());
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
        return this.#findings.add(() => ({ kind: "snapshot", file, reason: outcome.reason }));
      default:
        return assertNever(outcome, "outcome");
    }
  }

  /** A server may remove old snapshots at any time. */
  async #outcomeOf(file: string, judge: SnapshotJudge): Promise<SnapshotOutcome> {
    const path = `${this.#layout.snapshots}/${file}`;
    try {
      await requireKind(this.#fileSystem, path, ["file"]);
      const reason = await orUnusable(
        "read",
        path,
        () => this.#store.visit(file, judge, this.#pause),
      );
      return reason === undefined ? judge.outcome() : { kind: "flaw", reason };
    } catch (error) {
      if (await this.#fileSystem.kind(path) === "missing") return { kind: "not compared" };
      if (!(error instanceof JournalUnusableError) || error.cause !== undefined) throw error;
      return { kind: "flaw", reason: error.message };
    }
  }
}
