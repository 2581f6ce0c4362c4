/** A journal of several segments in memory, with sidecars, and starts on changed versions of it. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import { sidecarName } from "../../../src/journal/layout.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { facts, RememberingConsumer } from "./journal_events.ts";
import { TestDisk } from "./journal_disk.ts";
import { MemoryDisk } from "./journal_memory_disk.ts";

export const FOLDER = "journal";
export const SEGMENTS = `${FOLDER}/segments`;
export const SIDECARS = `${FOLDER}/sidecars`;

/** One for all, so that no id comes twice. */
const random = new FakeRandom("01S");

/** Far longer than it takes to verify everything. */
const PROOF_MS = 600_000;

export interface Started {
  readonly journal: FileJournal;
  readonly consumer: RememberingConsumer;
  readonly clock: FakeClock;
  readonly disk: TestDisk;
  readonly warnings: readonly string[];
  /** Names of the segments that this start has read. */
  readonly read: readonly string[];
}

export async function startOn(
  fileSystem: FileSystem,
  options: Partial<Omit<FileJournalOptions, "clock">> & { readonly clock?: FakeClock } = {},
): Promise<Started> {
  const { clock = new FakeClock(), ...others } = options;
  const [disk, consumer] = [new TestDisk(fileSystem), new RememberingConsumer()];
  const warnings: string[] = [];
  const { journal } = await FileJournal.open({
    folder: FOLDER,
    fileSystem: disk,
    clock,
    random,
    consumer,
    segmentBytes: 1_500,
    snapshotEvery: 1_000_000,
    warn: (message) => void warnings.push(message),
    ...others,
  });
  return { journal, consumer, clock, disk, warnings, read: segmentsRead(disk) };
}

/** Runs the background verification to its end. */
export function proven({ clock }: Pick<Started, "clock">): Promise<void> {
  return clock.advance(PROOF_MS);
}

export interface Written {
  readonly disk: MemoryDisk;
  readonly entries: readonly JobEventLogEntry[];
  /** All segments except the active one, oldest first. */
  readonly sealed: readonly string[];
  readonly active: string;
}

/**
 * Stopped cleanly, with a snapshot of everything, and a sidecar for each segment except the active
 * one.
 */
export async function writtenWithSidecars(segmentBytes = 1_500): Promise<Written> {
  const disk = new MemoryDisk();
  const started = await startOn(disk, { segmentBytes });
  for (let round = 0; round < segmentBytes / 125; round++) {
    await started.journal.append(ofNoJob()).durable;
  }
  await proven(started);
  await started.journal.close();
  const segments = namesIn(disk, SEGMENTS);
  const [sealed, active = ""] = [segments.slice(0, -1), segments.at(-1)];
  assert.ok(sealed.length >= 3, "there are some segments");
  assert.deepEqual(namesIn(disk, SIDECARS), sealed.map(sidecarOf));
  return { disk, entries: started.consumer.entries, sealed, active };
}

/** Facts without a job, so that `verify` finds the journal intact. */
export function ofNoJob() {
  return facts(2).map(({ jobId: _, ...event }) => event);
}

export function namesIn(disk: MemoryDisk, folder: string): string[] {
  return [...disk.files.keys()].filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1)).sort();
}

export function sidecarOf(segment: string): string {
  return sidecarName(Number(segment.replace(".ndjson", "")));
}

/** The same bytes with one flipped bit. */
export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}

export function segmentsRead(disk: TestDisk): readonly string[] {
  const reads = disk.operations.filter((each) => each.startsWith(`read ${SEGMENTS}/`));
  return [...new Set(reads.map((each) => each.slice(each.lastIndexOf("/") + 1)))].sort();
}
