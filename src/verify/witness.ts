/**
 * Uses an earlier verdict that the journal was intact as a witness: its last batch existed then and
 * must exist now. Nothing else reveals that whole batches are missing at the end.
 */

import type { FrameworkEntry } from "../core/event.ts";
import type { JournalHead } from "../engine/ports.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import { readVerification, toWitness, type Witness } from "../journal/files/verification_file.ts";

/** How the journal disproves the verdict. */
export interface Disproof {
  /** `beyond`: the journal ends before the batch. `other`: another batch is in its place. */
  readonly kind: "beyond" | "other";
  readonly witness: Witness;
  readonly reason: string;
}

const ACCEPT = "if the journal is as it should be, for example after restoring a backup, move " +
  "verification.json elsewhere";

export class WitnessAudit {
  readonly #witness: Witness | undefined;
  #isFound = false;
  #isExcused = false;

  private constructor(witness: Witness | undefined) {
    this.#witness = witness;
  }

  /**
   * Read it before the segments: a server may be appending, and another `verify` may be running.
   */
  static async read(fileSystem: FileSystem, layout: Layout): Promise<WitnessAudit> {
    const last = await readVerification(fileSystem, layout);
    const witness = last === null ? undefined : toWitness(last);
    return new WitnessAudit(witness?.logId === 0 ? undefined : witness);
  }

  /** The last intact state that any verdict found; it stays on record while it is disproved. */
  get witness(): Witness | undefined {
    return this.#witness;
  }

  /** Call it at the end of each batch. */
  see({ logId, chain }: JournalHead): void {
    if (logId === this.#witness?.logId && chain === this.#witness.chain) this.#isFound = true;
  }

  /** Excuses a loss that a later repair has recorded. */
  seeRepair({ attributes, receivedAt }: FrameworkEntry<"journal.Repaired">): void {
    if (this.#witness === undefined || attributes.lostFrom > this.#witness.logId) return;
    if (Date.parse(receivedAt) >= Date.parse(this.#witness.at)) this.#isExcused = true;
  }

  /** @param isWhole Whether all lines up to the end were read; otherwise later ones are unknown. */
  judge(head: JournalHead, isWhole: boolean): Disproof | undefined {
    const witness = this.#witness;
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
