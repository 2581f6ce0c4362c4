/** What an audit of a journal found. */

import type { JournalHead, ProvedLines } from "../engine/ports.ts";
import type { Inventory } from "../journal/segment_listing.ts";
import type { WalkedDamage } from "../journal/segment_walk.ts";
import type { Witness } from "../journal/verification_file.ts";
import type { ShownLoss } from "../journal/witnesses.ts";
import type { Problem } from "./problem.ts";
import type { ServedOutcome } from "./served_audit.ts";
import type { Disproof } from "./witness.ts";

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
