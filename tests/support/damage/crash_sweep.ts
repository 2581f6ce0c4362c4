/**
 * Cuts the power at every disk operation of a journal, and starts on every state in which the disk
 * may be left.
 */

import assert from "node:assert/strict";
import { hash } from "node:crypto";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import { rounds } from "../effort.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { Dice } from "../../simulation/dice.ts";
import { readSegments } from "../journal/independent_reader.ts";
import { RememberingConsumer } from "../journal/journal_events.ts";
import type { PowerCut } from "./power_cut.ts";
import type { Bytes } from "./power_nodes.ts";
import { MemoryDisk } from "../journal/journal_memory_disk.ts";

export const FOLDER = "journal";

/** One for all, so that no id comes twice. */
const random = new FakeRandom("01C");

/** The maximum number of disk states tested after one power cut. */
const DISKS_PER_CUT = rounds(10, 200, 8);

/** A disk after a power cut. */
export interface Found {
  readonly disk: MemoryDisk;
  /** The step before which the power failed. */
  readonly step: string;
  /** The last acknowledged position. */
  readonly acknowledged: number;
}

export interface Scenario {
  readonly name: string;
  /** The initial disk; all of it is durable. */
  begin(): Promise<MemoryDisk>;
  /** Performs the operations to be cut short, and reports what was acknowledged. */
  run(fileSystem: FileSystem, acknowledge: (logId: number) => void): Promise<void>;
  /** Throws if a promise is broken. */
  check(found: Found): Promise<void>;
}

export interface CrashTally {
  readonly steps: number;
  readonly disks: number;
  /** The broken promise, and where. */
  readonly violations: readonly string[];
}

export interface CrashOptions {
  /** A layer between the journal and its disk, to break something; none by default. */
  readonly through?: (disk: MemoryDisk) => FileSystem;
  readonly seed?: number;
  /** Stops after this many violations; by default it finds all. */
  readonly enough?: number;
}

export async function crashSweep(
  scenario: Scenario,
  {
    through = (disk) => disk,
    seed = Math.floor(Math.random() * 2 ** 31),
    enough = Infinity,
  }: CrashOptions = {},
): Promise<CrashTally> {
  const cuts = await cutsOf(scenario, through);
  const dice = new Dice(seed);
  const violations: string[] = [];
  const seen = new Set<string>();
  for (const found of disksAfter(cuts, () => dice.fraction(), seen)) {
    if (violations.length >= enough) break;
    try {
      await scenario.check(found);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      violations.push(`${scenario.name}, seed ${seed}, before ${found.step}: ${reason}`);
    }
  }
  return { steps: cuts.length, disks: seen.size, violations };
}

/** `count` of the disks that a scenario may leave behind, from any of its steps. */
export async function disksLeftBy(
  scenario: Scenario,
  count: number,
  seed: number,
): Promise<readonly Found[]> {
  const dice = new Dice(seed);
  const cuts = await cutsOf(scenario, (disk) => disk);
  const found = [...disksAfter(cuts, () => dice.fraction(), new Set())];
  return Array.from(
    { length: count },
    () => found[Math.floor(dice.fraction() * found.length)] as Found,
  );
}

interface Cut extends Omit<Found, "disk"> {
  readonly power: PowerCut;
}

async function cutsOf(
  scenario: Scenario,
  through: (disk: MemoryDisk) => FileSystem,
): Promise<readonly Cut[]> {
  const disk = await scenario.begin();
  const cuts: Cut[] = [];
  let acknowledged = 0;
  const cut = (operation: string) => {
    const step = `step ${cuts.length + 1}, ${operation}`;
    cuts.push({ power: disk.cut(), step, acknowledged });
  };
  disk.before = cut;
  await scenario.run(through(disk), (logId) => acknowledged = logId);
  cut("the end");
  return cuts;
}

/** Disks that differ from earlier ones, or that must have more. */
function* disksAfter(
  cuts: readonly Cut[],
  fraction: () => number,
  seen: Set<string>,
): Iterable<Found> {
  for (const { power, step, acknowledged } of cuts) {
    for (const root of power.roots(DISKS_PER_CUT, fraction)) {
      const disk = new MemoryDisk(root);
      const key = `${acknowledged} ${digestOf(disk)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { disk, step, acknowledged };
    }
  }
}

/** An opened journal that remembers everything it recorded, and may be left as by a crash. */
export async function openOn(
  fileSystem: FileSystem,
  options: Partial<FileJournalOptions> = {},
  onDurable: (entries: readonly JobEventLogEntry[]) => void = () => {},
) {
  const consumer = new RememberingConsumer();
  consumer.onDurable = onDurable;
  const clock = new FakeClock();
  const { journal, report } = await FileJournal.open({
    folder: FOLDER,
    fileSystem,
    clock,
    random,
    consumer,
    ...options,
  });
  return { journal, report, consumer, clock };
}

/**
 * It starts automatically; everything acknowledged is there and nothing partial; no unfinished file
 * remains; and the next start is clean and finds the same.
 *
 * @param batches Everything ever handed to the disk.
 */
export async function assertRecovers(
  { disk, acknowledged }: Found,
  batches: readonly (readonly JobEventLogEntry[])[],
): Promise<void> {
  const { journal, report, consumer } = await openOn(disk);
  const own = consumer.batches.flat().length;
  const found = consumer.entries.slice(0, consumer.entries.length - own);
  assert.ok(found.length >= acknowledged, `of ${acknowledged} only ${found.length} are there`);
  const whole = wholeBatches(batches, found.length);
  assert.equal(whole.length, found.length, `a batch is there in part, up to ${found.length}`);
  assert.deepEqual(found, whole);
  assert.deepEqual(report.warnings, []);
  assertNothingUnfinished(disk);
  await journal.close();
  await assertSecondStart(disk, consumer.entries);
}

async function assertSecondStart(
  disk: MemoryDisk,
  entries: readonly JobEventLogEntry[],
): Promise<void> {
  const { journal, report, consumer } = await openOn(disk);
  assert.equal(report.clean, true, "the second start is not clean");
  assert.deepEqual(report.warnings, []);
  assert.deepEqual(consumer.entries, entries);
  await journal.close();
  assertNothingUnfinished(disk);
  const segments = [...disk.files].filter(([path]) => path.startsWith(`${FOLDER}/segments/`))
    .map(([path, bytes]) => [path.slice(path.lastIndexOf("/") + 1), bytes] as const).sort();
  assert.equal(readSegments(segments).entries.length, entries.length);
}

export function assertNothingUnfinished(disk: MemoryDisk): void {
  const left = [...disk.files.keys()].filter((path) =>
    path.startsWith(`${FOLDER}/`) && /\.tmp$|\/probe$/.test(path)
  );
  assert.deepEqual(left, [], "something unfinished is left");
}

function wholeBatches(
  batches: readonly (readonly JobEventLogEntry[])[],
  count: number,
): readonly JobEventLogEntry[] {
  const entries: JobEventLogEntry[] = [];
  for (const batch of batches) if (entries.length < count) entries.push(...batch);
  return entries;
}

function digestOf(disk: MemoryDisk): string {
  const files = [...disk.files].map(([path, bytes]) => `${path} ${contentDigest(bytes)}`);
  return hash("sha256", files.sort().join("\n"), "base64url");
}

/** Most disks have most contents in common, which are never changed in place: each is hashed once. */
const digests = new WeakMap<Bytes, string>();

function contentDigest(bytes: Bytes): string {
  const known = digests.get(bytes) ?? hash("sha256", bytes, "base64url");
  digests.set(bytes, known);
  return known;
}
