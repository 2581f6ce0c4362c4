/**
 * A tool copies a journal file by file, in every order, while the journal continues. The copy
 * starts and has all that was acknowledged when the tool began, or it is refused with advice that
 * helps.
 */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import {
  Copier,
  type Copy,
  goingOn,
  type LiveJournal,
  liveJournal,
  TOOLS,
} from "./copied_journal.ts";
import { rounds } from "../support/effort.ts";
import { Dice } from "../simulation/dice.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { bytesOf, MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { furtherIds } from "../support/journal/journal_of_jobs.ts";
import { forkOf, type WrittenJournal } from "../support/journal/written_journal.ts";
import { openOn } from "../support/damage/journal_sweep.ts";

const ADVICE = /copy again|delete its snapshots/;

/** Distinguishes found entries from those that a start records. */
class Finder extends Projection {
  lastFound = 0;
  #isOwn = false;

  override replay(entry: JobEventLogEntry): void {
    super.replay(entry);
    if (!this.#isOwn) this.lastFound = entry.logId;
  }

  override durable(entries: readonly JobEventLogEntry[]): void {
    this.#isOwn = true;
    super.durable(entries);
  }
}

/** The last position that a start finds, or why it does not start. */
async function startOn(disk: MemoryDisk): Promise<number | JournalDamagedError> {
  const consumer = new Finder();
  try {
    const { report } = await openOn(disk, consumer, { random: furtherIds });
    assert.deepEqual(report.warnings, []);
    return Math.max(consumer.lastFound, report.snapshotLogId ?? 0);
  } catch (error) {
    if (error instanceof JournalDamagedError) return error;
    throw error;
  }
}

/** The copy equals the journal, byte for byte, up to a batch with the position. */
function isBeginOf(journal: WrittenJournal, disk: MemoryDisk, logId: number): boolean {
  const index = journal.batches.findIndex(({ lastLogId }) => lastLogId === logId);
  return logId === 0 || (index >= 0 && journal.batches.slice(0, index + 1).every((batch) => {
    const path = journal.segments[batch.segment] ?? "";
    const [own, copied] = [bytesOf(journal.disk, path), bytesOf(disk, path)];
    return own.subarray(batch.start, batch.end).every((byte, at) =>
      byte === copied[batch.start + at]
    );
  }));
}

type Outcome = "started" | "copied once more" | "snapshots deleted";

/** What must be done for the copy to start, or what is wrong with it. */
async function outcomeOf(
  { journal }: LiveJournal,
  { disk, acknowledged }: Copy,
  again: () => MemoryDisk,
): Promise<Outcome | string> {
  const started = await startOn(forkOf(disk));
  if (typeof started === "number") {
    if (started < acknowledged) return `of ${acknowledged} entries only ${started} are there`;
    return isBeginOf(journal, disk, started) ? "started" : `it differs up to ${started}`;
  }
  const advice = ADVICE.exec(started.message)?.[0];
  if (advice === undefined) return `refused without advice: ${started.message}`;
  const mended = advice === "copy again" ? again() : withoutSnapshots(disk);
  const then = await startOn(forkOf(mended));
  if (typeof then !== "number") return `the advice did not help: ${then.message}`;
  if (then < acknowledged) return `mended, of ${acknowledged} entries only ${then} are there`;
  return advice === "copy again" ? "copied once more" : "snapshots deleted";
}

function withoutSnapshots(disk: MemoryDisk): MemoryDisk {
  for (const path of disk.files.keys()) {
    if (path.includes("/snapshots/")) disk.files.delete(path);
  }
  return disk;
}

Deno.test("copies: in every order a copy starts with everything acknowledged, or says what to do", async () => {
  const live = await liveJournal();
  assert.ok(live.journal.segments.length >= 5 && live.moments.length > 200);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const dice = new Dice(seed);
  for (const tool of TOOLS) {
    const counts = new Map<string, number>();
    for (let round = 0; round < rounds(300, 10_000, 30); round++) {
      const copier = new Copier(live.moments, () => dice.fraction());
      const copy = copier.copy(tool);
      const outcome = await outcomeOf(live, copy, () => copier.again());
      const isRight = ["started", "copied once more", "snapshots deleted"].includes(outcome);
      assert.ok(
        isRight,
        `seed ${seed}, ${tool}, round ${round}: ${outcome}\n${copy.trace.join("\n")}`,
      );
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    console.log(`${tool}: ${JSON.stringify(Object.fromEntries(counts))}`);
    const onlyStarts = tool === "segments as listed at the begin";
    if (onlyStarts) assert.deepEqual([...counts.keys()], ["started"]);
  }
});

Deno.test("copies: verify agrees with a start about each copy", async () => {
  const live = await liveJournal();
  const dice = new Dice(Math.floor(Math.random() * 2 ** 31));
  const codes = new Set<number>();
  // Few copies are refused, so a short form may have to continue until one is.
  for (let round = 0; round < rounds(150, 2_000, 30) || codes.size < 2; round++) {
    assert.ok(round < 5_000, "no copy is refused, or each is");
    const { disk, trace } = new Copier(live.moments, () => dice.fraction()).copy(
      TOOLS[round % TOOLS.length] ?? "folder by folder",
    );
    const started = await startOn(forkOf(disk));
    const { code, out } = await journalCommand(disk, ["verify", "--no-server"]);
    codes.add(code);
    assert.equal(code, typeof started === "number" ? 0 : 78, `${out}\n${trace.join("\n")}`);
    if (code === 78) assert.match(out.join(), ADVICE);
  }
});

/** The source is behind the copy when listed, and ahead when the two are compared. */
const CATCHES_UP = { seed: 1665654629, count: 46 };

Deno.test("copies: journal backup has everything acknowledged, however the journal continues", async () => {
  const { moments } = await liveJournal();
  const made = { seed: Math.floor(Math.random() * 2 ** 31), count: rounds(100, 5_000, 10) };
  for (const { seed, count } of [CATCHES_UP, made]) {
    const dice = new Dice(seed);
    for (let round = 0; round < count; round++) {
      const target = new MemoryDisk();
      let [logId, written] = [0, 0];
      // Into the same folder again, at another time, which may be later.
      for (let time = 0; time < 3; time++) {
        const { fileSystem, acknowledged } = goingOn(moments, target, () => dice.fraction());
        const args = ["backup", "copy"];
        const { code, out, err } = await journalCommand(fileSystem, args, { isInteractive: false });
        const what = `seed ${seed}, round ${round}, time ${time}: ${out}${err}`;
        if (code === 1 && acknowledged < logId) continue; // It is of an earlier time than the copy.
        assert.equal(code, 0, what);
        const result = JSON.parse(out.join());
        assert.ok(result.head.logId >= Math.max(acknowledged, logId), what);
        ({ logId } = result.head);
        written += result.written;
      }
      assert.ok(logId === 0 || written > 0);
    }
  }
});

Deno.test("copies: a tool that copies an outdated state is caught", async () => {
  const live = await liveJournal();
  const dice = new Dice(1);
  const stale = live.moments.map(({ acknowledged }, index) => ({
    files: live.moments[Math.max(0, index - 40)]?.files ?? new Map(),
    acknowledged,
  }));
  const outcomes: string[] = [];
  for (let round = 0; round < 40; round++) {
    const copier = new Copier(stale, () => dice.fraction());
    outcomes.push(
      await outcomeOf(live, copier.copy("segments as listed at the begin"), () => copier.again()),
    );
  }
  const found = outcomes.filter((outcome) => /^of \d+ entries only/.test(outcome));
  assert.ok(found.length > 20, `${found.length} found`);
});
