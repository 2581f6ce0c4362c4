/** Compares each snapshot with what the lines up to its position give. */

import { assertNever } from "../../core/assert_never.ts";
import type { LogId } from "../../core/ids.ts";
import { contentDifference } from "../../engine/content_difference.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { JournalUnusableError, orUnusable } from "../../journal/errors.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import { requireKind } from "../../journal/folder.ts";
import { type Layout, snapshotLogIdOf } from "../../journal/layout.ts";
import type { Snapshot } from "../../journal/snapshot_file.ts";
import { SnapshotStore } from "../../journal/snapshot_store.ts";
import type { Findings } from "./problem.ts";

export class SnapshotAudit {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #store: SnapshotStore;
  readonly #findings: Findings;
  /** Oldest first; the first is the next to compare. */
  #names: readonly string[];
  #compared = 0;
  /** Those of another version, which may be as they should. */
  readonly notes: string[] = [];

  constructor(
    fileSystem: FileSystem,
    layout: Layout,
    names: readonly string[],
    findings: Findings,
  ) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#store = new SnapshotStore(fileSystem, layout);
    this.#names = names;
    this.#findings = findings;
  }

  /** Snapshots that were found to be as they should. */
  get compared(): number {
    return this.#compared;
  }

  /** Whether there is a snapshot to judge at or before the end of a batch. */
  isDue(logId: LogId): boolean {
    const [next] = this.#names;
    return next !== undefined && (snapshotLogIdOf(next) ?? 0) <= logId;
  }

  /** Judges those up to the end of a batch, of which `capture` gives the content. */
  async judgeUpTo(head: JournalHead, capture: () => Iterable<string>): Promise<void> {
    while (this.isDue(head.logId)) {
      await this.#judgeNext((snapshot) => this.#flawAt(snapshot, head, capture));
    }
  }

  /** Judges the rest, which no batch has reached; after damage they may be right. */
  async judgeRest(head: JournalHead, isConnected: boolean): Promise<void> {
    while (this.#names.length > 0) {
      await this.#judgeNext(({ logId }) =>
        isConnected
          ? `it stands for logId ${logId}, but the journal ends at ${head.logId}: ` +
            "entries that were acknowledged are gone"
          : "skip"
      );
    }
  }

  async #judgeNext(flawOf: (snapshot: Snapshot) => string | "skip" | undefined): Promise<void> {
    const [file = "", ...rest] = this.#names;
    this.#names = rest;
    const snapshot = await this.#read(file);
    if (snapshot === undefined) return;
    const reason = typeof snapshot === "string" ? snapshot : flawOf(snapshot);
    if (reason === undefined) this.#compared++;
    else if (reason !== "skip") this.#findings.add(() => ({ kind: "snapshot", file, reason }));
  }

  /** The snapshot, or what is wrong with it; `undefined` when a server has removed it. */
  async #read(file: string): Promise<Snapshot | string | undefined> {
    const path = `${this.#layout.snapshots}/${file}`;
    try {
      await requireKind(this.#fileSystem, path, ["file"]);
      return await orUnusable("read", path, () => this.#store.read(file));
    } catch (error) {
      if (await this.#fileSystem.kind(path) === "missing") return undefined;
      if (!(error instanceof JournalUnusableError) || error.cause !== undefined) throw error;
      return error.message;
    }
  }

  #flawAt(
    { logId, chain, lines }: Snapshot,
    head: JournalHead,
    capture: () => Iterable<string>,
  ): string | "skip" | undefined {
    if (logId !== head.logId) return `no batch ends at logId ${logId}`;
    if (chain !== head.chain) return `it stands for another history: the chain there is ${chain}`;
    const difference = contentDifference(lines, capture());
    switch (difference?.kind) {
      case undefined:
        return undefined;
      case "content":
        return difference.reason;
      case "version":
        this.notes.push(`snapshot of logId ${logId}: another version wrote it; not compared`);
        return "skip";
      default:
        return assertNever(difference, "difference");
    }
  }
}
