/** What an audit of a journal found: its result, what is wrong, and what an earlier audit disproves. */

import { assertNever } from "../core/assert_never.ts";
import type { JournalHead, ProvedLines } from "../engine/ports.ts";
import type { Inventory } from "../journal/read/segment_listing.ts";
import type { WalkedDamage } from "./segment_walk.ts";
import { readVerification, toWitness, type Witness } from "../journal/files/verification_file.ts";
import type { ShownLoss } from "../journal/open/witnesses.ts";
import type { ServedOutcome } from "./served_audit.ts";
import type { FrameworkEntry } from "../core/event.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import type { Layout } from "../journal/layout.ts";

export interface AuditReport {
  /** In the order they were found. */
  readonly problems: readonly Problem[];
  /** Including those that are not listed. */
  readonly problemCount: number;
  /** The end of the last batch that was projected. */
  readonly head: JournalHead;
  /** All lines up to the head; `null` if there are none. */
  readonly proved: ProvedLines | null;
  readonly inventory: Inventory;
  /** How many snapshots were correct. */
  readonly snapshots: number;
  readonly jobs: number;
  /** Bytes after the last whole batch, which are not damage. */
  readonly tornBytes: number;
  /** The first line that was not projected, because of damage. */
  readonly stoppedAt: WalkedDamage | undefined;
  readonly served: ServedOutcome | undefined;
  /** Whether several processes have shared the journal, so that this may be a copy of it. */
  readonly isShared: boolean;
  /** Where earlier repairs put their copies, as recorded. */
  readonly repairs: readonly string[];
  readonly notes: readonly string[];
  /** The last position that an earlier verdict found intact. */
  readonly lastIntact: Witness | undefined;
  /** How the journal disproves the earlier verdict, if it does. */
  readonly disproof: Disproof | undefined;
  /** What the index and the sidecars show to be missing at the end. */
  readonly losses: readonly ShownLoss[];
}

type Problem =
  /** A line is not what was written, or Daybook could not have written it. */
  | { readonly kind: "damage"; readonly damage: WalkedDamage }
  /** A snapshot does not follow from the lines. */
  | { readonly kind: "snapshot"; readonly file: string; readonly reason: string }
  /** Entries or jobs that existed are gone. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Something in `segments/` does not belong there. */
  | { readonly kind: "foreign"; readonly reason: string };

/** Whether this version is too old to read a line, which may be correct. */
export function isOfNewerVersion(problem: Problem): boolean {
  return problem.kind === "damage" && problem.damage.byNewerVersion;
}

export function problemText(problem: Problem): string {
  switch (problem.kind) {
    case "damage": {
      const { segment, line, offset, logId, reason } = problem.damage;
      return `segment ${segment} line ${line} byte ${offset} logId ${logId}: ${reason}`;
    }
    case "snapshot":
      return `snapshot ${problem.file}: ${problem.reason}`;
    case "lost":
    case "foreign":
      return problem.reason;
    default:
      return assertNever(problem, "problem");
  }
}

/** More would not help, and a journal may have millions. */
const LISTED_MAX = 1000;

/** Problems in the order in which they were found. */
export class Findings {
  readonly listed: Problem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Creates the problem only if it will be listed. */
  add(make: () => Problem): void {
    this.#count++;
    if (this.listed.length < LISTED_MAX) this.listed.push(make());
  }
}

/** How the journal disproves the verdict. */
export interface Disproof {
  /** `beyond`: the journal ends before the batch. `other`: another batch is in its place. */
  readonly kind: "beyond" | "other";
  readonly witness: Witness;
  readonly reason: string;
}

const ACCEPT = "if the journal is as it should be, for example after restoring a backup, move " +
  "verification.json elsewhere";

/**
 * Uses an earlier verdict that the journal was intact as a witness: its last batch existed then and
 * must exist now. Nothing else reveals that whole batches are missing at the end.
 */
export class WitnessAudit {
  #isFound = false;
  #isExcused = false;

  /** @param witness The last intact state that any verdict found; kept while it is disproved. */
  private constructor(readonly witness: Witness | undefined) {}

  /**
   * Read it before the segments: a server may be appending, and another `verify` may be running.
   */
  static async read(fileSystem: FileSystem, layout: Layout): Promise<WitnessAudit> {
    const last = await readVerification(fileSystem, layout);
    const witness = last === null ? undefined : toWitness(last);
    return new WitnessAudit(witness?.logId === 0 ? undefined : witness);
  }

  /** Call it at the end of each batch. */
  see({ logId, chain }: JournalHead): void {
    if (logId === this.witness?.logId && chain === this.witness.chain) this.#isFound = true;
  }

  /** Excuses a loss that a later repair has recorded. */
  seeRepair({ attributes, receivedAt }: FrameworkEntry<"journal.Repaired">): void {
    if (this.witness === undefined || attributes.lostFrom > this.witness.logId) return;
    if (Date.parse(receivedAt) >= Date.parse(this.witness.at)) this.#isExcused = true;
  }

  /** @param isWhole Whether all lines up to the end were read; otherwise later ones are unknown. */
  judge(head: JournalHead, isWhole: boolean): Disproof | undefined {
    const witness = this.witness;
    if (witness === undefined || this.#isFound || this.#isExcused) return undefined;
    const { logId, chain, at } = witness;
    const was = `it was intact up to logId ${logId}, chain ${chain}, at ${at} (verification.json)`;
    if (head.logId >= logId) {
      const reason = `${was}, but another entry is there now: this is another history; restore ` +
        `the journal from a copy that holds that entry; ${ACCEPT}`;
      return { kind: "other", witness, reason };
    }
    if (!isWhole) return undefined;
    const reason = `${was}, but ends at ${head.logId}: entries that were there are gone; restore ` +
      `the journal from a copy that holds them, or record the loss with deno task journal repair ` +
      `--apply; ${ACCEPT}`;
    return { kind: "beyond", witness, reason };
  }
}
