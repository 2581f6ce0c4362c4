/** The contract of every journal. Each implementation runs this suite. */

import type { Journal, JournalConsumer, RecoveryReport } from "../../src/engine/ports.ts";
import type { LogId } from "../../src/core/ids.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { testAppending, testFullDisk } from "./journal_contract_appending.ts";
import { testLocating } from "./journal_contract_locating.ts";
import { testRestarting } from "./journal_contract_restarting.ts";

export interface ContractOptions {
  readonly snapshotEvery?: number;
  readonly quietSealMs?: number;
  readonly segmentBytes?: number;
}

/** One journal, and what a test can do to it. */
export interface JournalHarness {
  readonly clock: FakeClock;
  /** The position of the first fact in a new journal, after what the journal itself records. */
  readonly first: LogId;
  /** Opens what the previous one left behind. */
  open(
    consumer: JournalConsumer,
    options?: ContractOptions,
  ): Promise<{ readonly journal: Journal; readonly report: RecoveryReport }>;
  /** No batch becomes durable until `release`. */
  hold(): void;
  /** Resolves when a batch is held. */
  held(): Promise<void>;
  release(): void;
  /** The next batch finds no room. */
  failNextForRoom(): void;
  /** The sync of the next batch fails. */
  failNextSync(): void;
  /** As if the process died. */
  crash(): void;
  /** The current lines of a segment, as in its file. */
  linesOf(segment: string): Promise<readonly string[]>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

/**
 * Declares the tests for one implementation.
 *
 * @param isShared Whether several processes share it: what they share decides how a start continues,
 * and what a full disk means.
 * @param leftOut Why they cannot run here.
 */
export function testJournalContract(
  name: string,
  create: () => Promise<JournalHarness>,
  isShared = false,
  leftOut = "",
): void {
  const test = (sentence: string, run: (harness: JournalHarness) => Promise<void>) => {
    const judge = async () => {
      const harness = await create();
      try {
        await run(harness);
      } finally {
        harness.crash();
        await harness.dispose();
      }
    };
    Deno.test({ name: `${name}: ${sentence}${leftOut}`, ignore: leftOut !== "", fn: judge });
  };
  testAppending(test);
  testLocating(test);
  if (isShared) return;
  testFullDisk(test);
  testRestarting(test);
}

/** Both ends included. */
export function positions(first: LogId, last: LogId): readonly LogId[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Declares a test of the contract. */
export type Test = (sentence: string, run: (harness: JournalHarness) => Promise<void>) => void;
