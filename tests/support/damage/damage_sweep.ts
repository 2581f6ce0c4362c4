/** Starts a journal after each damage and compares the result with the oracle. */

import { isDeepStrictEqual } from "node:util";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type { JournalConsumer } from "../../../src/engine/ports.ts";
import { JournalDamagedError, JournalUnusableError } from "../../../src/journal/errors.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import type { Damage } from "./damage_kinds.ts";
import { type Expectation, expectationOf } from "./damage_oracle.ts";
import type { MemoryDisk } from "../journal/journal_memory_disk.ts";
import { furtherIds } from "../journal/journal_of_jobs.ts";
import { filledIn } from "../journal/independent_reader.ts";
import { forkOf, type WrittenJournal } from "../journal/written_journal.ts";
import { openOn } from "./journal_sweep.ts";

export type Wrong =
  /** It started with other content than was written. */
  | "undetected damage"
  /** It refused what a crash can leave behind. */
  | "false refusal"
  /** It refused, and changed a segment. */
  | "changed while refused"
  /** It ended in an unexpected way. */
  | "failed otherwise";

export interface Violation {
  readonly wrong: Wrong;
  readonly damage: string;
  readonly detail: string;
}

/** The number of damages, by verdict. */
export class Tally {
  readonly #kinds = new Map<string, { refused: number; started: number }>();
  readonly violations: Violation[] = [];

  count(kind: string, outcome: "refused" | "started"): void {
    const counts = this.#kinds.get(kind) ?? { refused: 0, started: 0 };
    counts[outcome]++;
    this.#kinds.set(kind, counts);
  }

  get total(): number {
    return [...this.#kinds.values()].reduce((sum, each) => sum + each.refused + each.started, 0);
  }

  violated(wrong: Wrong): number {
    return this.violations.filter((each) => each.wrong === wrong).length;
  }

  /** One line per kind. */
  toString(): string {
    return [...this.#kinds].map(([kind, { refused, started }]) =>
      `${kind.padEnd(36)} ${String(refused + started).padStart(7)} judged: ${refused} refused, ` +
      `${started} started`
    ).join("\n");
  }
}

export interface SweepOptions {
  /** A layer between the disk and the reader, to break a check; none by default. */
  readonly through?: (disk: MemoryDisk) => FileSystem;
}

export async function sweep(
  journal: WrittenJournal,
  damages: Iterable<Damage>,
  { through = (disk) => disk }: SweepOptions = {},
): Promise<Tally> {
  const tally = new Tally();
  for (const damage of damages) {
    const disk = forkOf(journal.disk);
    damage.apply(disk);
    const expected = expectationOf(journal, disk);
    const before = new Map(disk.files);
    const outcome = await startOf(through(disk));
    const violation = violationIn(journal, expected, outcome) ?? changeIn(disk, before, outcome);
    tally.count(damage.kind, outcome instanceof Error ? "refused" : "started");
    if (violation !== undefined) {
      tally.violations.push({ ...violation, damage: `${damage.kind}, ${damage.what}` });
    }
  }
  return tally;
}

/** Every `step`th, starting at one of the first. */
export function* sampled(damages: Iterable<Damage>, step: number, first = 0): Iterable<Damage> {
  let count = 0;
  for (const damage of damages) if (count++ % step === first % step) yield damage;
}

/** Replaces the engine: its content is only passed on. */
class Listener implements JournalConsumer {
  readonly replayed: JobEventLogEntry[] = [];
  hasRestored = false;
  restore(): boolean {
    return this.hasRestored = true;
  }
  replay(entry: JobEventLogEntry): void {
    this.replayed.push(entry);
  }
  lost(): void {}

  durable(): void {}
  capture(): Iterable<string> {
    return [];
  }
  refuse(): undefined {}
  failed(): void {}
}

interface Started {
  readonly replayed: readonly JobEventLogEntry[];
  /** The position of a snapshot; 0 without one. */
  readonly restoredLogId: number;
  readonly head: number;
}

/** Leaves the journal like a crash. */
async function startOf(fileSystem: FileSystem): Promise<Started | Error> {
  const consumer = new Listener();
  try {
    const { report } = await openOn(fileSystem, consumer, { random: furtherIds });
    const restoredLogId = report.snapshotLogId ?? 0;
    const head = consumer.replayed.at(-1)?.logId ?? restoredLogId;
    return { replayed: consumer.replayed, restoredLogId, head };
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

type Found = Omit<Violation, "damage">;

function violationIn(
  journal: WrittenJournal,
  expected: Expectation,
  outcome: Started | Error,
): Found | undefined {
  if (outcome instanceof Error) {
    const isRefusal = outcome instanceof JournalDamagedError ||
      outcome instanceof JournalUnusableError;
    if (!isRefusal) return { wrong: "failed otherwise", detail: String(outcome) };
    if (expected.kind !== "start") return undefined;
    return { wrong: "false refusal", detail: outcome.message };
  }
  if (expected.kind === "refuse") {
    return { wrong: "undetected damage", detail: `it started, up to logId ${outcome.head}` };
  }
  return differenceIn(journal, expected.batches, outcome);
}

/** The entries must be those that were written, in the bytes of each line. */
function differenceIn(
  { batches }: WrittenJournal,
  count: number,
  { replayed, restoredLogId, head }: Started,
): Found | undefined {
  const lines = batches.slice(0, count).flatMap((batch) => batch.lines).slice(restoredLogId);
  const wrong = "undetected damage";
  if (lines.length !== replayed.length) {
    const last = batches[count - 1]?.lastLogId ?? 0;
    return { wrong, detail: `it started up to logId ${head}, and should up to ${last}` };
  }
  const differing = replayed.find((entry, index) => !isEntryOf(lines[index] ?? "", entry));
  return differing && { wrong, detail: `logId ${differing.logId} is another than was written` };
}

function isEntryOf(line: string, entry: JobEventLogEntry): boolean {
  const { batch: _batch, chain: _chain, crc: _crc, ...written } = filledIn(JSON.parse(line));
  return isDeepStrictEqual(written, entry);
}

function changeIn(
  disk: MemoryDisk,
  before: ReadonlyMap<string, Uint8Array>,
  outcome: Started | Error,
): Found | undefined {
  if (!(outcome instanceof Error)) return undefined;
  const changed = [...before].find(([path, bytes]) =>
    path.includes("/segments/") && disk.files.get(path) !== bytes
  );
  return changed && { wrong: "changed while refused", detail: changed[0] };
}
