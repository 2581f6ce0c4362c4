import assert from "node:assert/strict";
import { JournalFailedError } from "../../src/engine/ports.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import type { FileStamp } from "../../src/journal/files/file_system.ts";
import {
  decodedSidecar,
  encodedSidecar,
  type Sidecar,
} from "../../src/journal/read/sidecar_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { inputOutputError, noSpace, PassingDisk } from "../support/journal/journal_disk.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import { bytesOf, MemoryDisk, setText, textAt } from "../support/journal/journal_memory_disk.ts";
import {
  flipped,
  FOLDER,
  namesIn,
  proven,
  SEGMENTS,
  segmentsRead,
  sidecarOf,
  SIDECARS,
  startOn,
  type Written,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

import { PATIENCE_MS } from "../support/until.ts";

/** A start on a disk finds all entries, and reads only these segments beside the active one. */
async function assertReads(
  disk: MemoryDisk,
  { entries, active }: Written,
  expected: readonly string[],
  what: string,
): Promise<void> {
  const started = await startOn(disk);
  assert.deepEqual(started.read, [...expected, active], what);
  assert.deepEqual(started.consumer.entries.slice(0, entries.length), entries, what);
  assert.deepEqual(await started.journal.read(0, entries.length), entries, what);
  assert.deepEqual(started.warnings, [], what);
  await proven(started);
  await started.journal.close();
}

function sidecarIn(disk: MemoryDisk, segment: string): Sidecar {
  const found = decodedSidecar(bytesOf(disk, `${SIDECARS}/${sidecarOf(segment)}`));
  assert.ok(typeof found !== "string", "the sidecar is whole");
  return found;
}

function putSidecar(disk: MemoryDisk, segment: string, sidecar: Sidecar): void {
  const bytes = new Uint8Array(encodedSidecar(sidecar));
  disk.files.set(`${SIDECARS}/${sidecarOf(segment)}`, bytes);
}

Deno.test("sidecars: a start with verdicts reads only the active segment, with the same result", async () => {
  const written = await writtenWithSidecars();
  await assertReads(written.disk.copy(), written, [], "with sidecars");
  const { journal, disk, consumer } = await startOn(written.disk.copy());
  assert.equal(consumer.replayed, 1, "the snapshot covers all but the seal");
  const { proof } = await journal.info();
  const segments = written.sealed.length;
  assert.deepEqual(proof, { segments, proven: 0, trusted: segments, at: null });
  const reads = disk.operations.filter((each) => each.startsWith(`read ${SEGMENTS}`));
  assert.equal(reads.length, 3, "once to find its end, once to replay it, once to copy it");
  assert.deepEqual(await journal.locate([1, written.entries.length]), [
    { logId: 1, segment: written.sealed[0], line: 2 },
    (await journal.locate([written.entries.length]))[0],
  ]);
  await journal.close();
});

Deno.test("sidecars: line positions in memory agree with the lines", async () => {
  const written = await writtenWithSidecars();
  const logIds = written.entries.map(({ logId }) => logId);
  const with_ = await startOn(written.disk.copy());
  const bare = written.disk.copy();
  for (const segment of written.sealed) bare.files.delete(`${SIDECARS}/${sidecarOf(segment)}`);
  const without = await startOn(bare);
  assert.ok(without.read.length > 1);
  assert.deepEqual(await with_.journal.locate(logIds), await without.journal.locate(logIds));
  await with_.journal.close();
  await without.journal.close();
});

Deno.test("sidecars: without them a start reads everything, and the next one trusts the segments", async () => {
  const written = await writtenWithSidecars();
  const disk = written.disk.copy();
  for (const segment of written.sealed) disk.files.delete(`${SIDECARS}/${sidecarOf(segment)}`);
  await assertReads(disk, written, written.sealed, "without sidecars");
  assert.deepEqual(namesIn(disk, SIDECARS), written.sealed.map(sidecarOf));
  await assertReads(disk, written, [], "the next start");
});

Deno.test("sidecars: segments after the snapshot are read whatever their sidecars say", async () => {
  const written = await writtenWithSidecars();
  const disk = written.disk.copy();
  for (const name of namesIn(disk, `${FOLDER}/snapshots`)) {
    disk.files.delete(`${FOLDER}/snapshots/${name}`);
  }
  await assertReads(disk, written, written.sealed, "without a snapshot");
});

Deno.test("sidecars: one that is cut anywhere is ignored, and written again", async () => {
  const written = await writtenWithSidecars();
  const segment = written.sealed[1] ?? "";
  const path = `${SIDECARS}/${sidecarOf(segment)}`;
  const whole = bytesOf(written.disk, path);
  for (let length = 0; length < whole.length; length += 7) {
    const disk = written.disk.copy();
    disk.files.set(path, whole.slice(0, length));
    await assertReads(disk, written, [segment], `cut to ${length}`);
    assert.deepEqual(sidecarIn(disk, segment), sidecarIn(written.disk, segment));
  }
});

Deno.test("sidecars: one with a flipped bit in any byte is ignored", async () => {
  const written = await writtenWithSidecars();
  const segment = written.sealed[1] ?? "";
  const path = `${SIDECARS}/${sidecarOf(segment)}`;
  const whole = bytesOf(written.disk, path);
  for (let at = 0; at < whole.length; at++) {
    const disk = written.disk.copy();
    disk.files.set(path, flipped(whole, at, 1 << (at % 8)));
    const { read, journal, consumer } = await startOn(disk);
    assert.deepEqual(read, [segment, written.active], `byte ${at}`);
    assert.equal(consumer.entries.length, written.entries.length);
    await journal.close();
  }
});

Deno.test("sidecars: one of another segment or version, or that is not a file, is ignored", async () => {
  const written = await writtenWithSidecars();
  const [first = "", second = "", third = ""] = written.sealed;
  const pathOf = (segment: string) => `${SIDECARS}/${sidecarOf(segment)}`;
  const swapped = written.disk.copy();
  swapped.files.set(pathOf(first), bytesOf(written.disk, pathOf(second)));
  swapped.files.set(pathOf(second), bytesOf(written.disk, pathOf(first)));
  await assertReads(swapped, written, [first, second], "swapped");
  const older = written.disk.copy();
  const text = textAt(older, pathOf(third));
  const content = text.slice(0, text.lastIndexOf("{"))
    .replace('"formatVersion":1', '"formatVersion":0');
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
  const sha256 = new Uint8Array(digest).toHex();
  setText(older, pathOf(third), `${content}{"sha256":"${sha256}"}\n`);
  await assertReads(older, written, [third], "of another version");
  const folder = written.disk.copy();
  folder.files.delete(pathOf(first));
  folder.makeFolder(pathOf(first));
  const { read, journal } = await startOn(folder);
  assert.deepEqual(read, [first, written.active], "a folder");
  await journal.close();
});

Deno.test("sidecars: one that does not fit its neighbours and the snapshot is ignored", async () => {
  const written = await writtenWithSidecars();
  const second = written.sealed[1] ?? "";
  const chain = "x".repeat(43);
  for (
    const change of [{ chainBefore: chain }, { bytes: 1 }, { lastLogId: 1e9 }, {
      formatVersion: 99,
    }]
  ) {
    const disk = written.disk.copy();
    const sidecar = sidecarIn(disk, second);
    putSidecar(disk, second, { ...sidecar, segment: { ...sidecar.segment, ...change } });
    await assertReads(disk, written, [second], JSON.stringify(change));
  }
  // If two do not fit, the lines of all are read.
  for (const segment of [second, written.sealed.at(-1) ?? ""]) {
    const disk = written.disk.copy();
    const sidecar = sidecarIn(disk, segment);
    putSidecar(disk, segment, { ...sidecar, segment: { ...sidecar.segment, chain } });
    await assertReads(disk, written, written.sealed, `the chain of ${segment}`);
    assert.deepEqual(sidecarIn(disk, segment), sidecar, "it is written again");
  }
});

/** What happens to the sidecar of a segment while a process runs, after a start that trusted it. */
const LATER_CHANGES: Readonly<Record<string, (disk: MemoryDisk, segment: string) => void>> = {
  "it stays": () => {},
  "it is deleted": (disk, segment) => void disk.files.delete(`${SIDECARS}/${sidecarOf(segment)}`),
  "it is cut": (disk, segment) => {
    const path = `${SIDECARS}/${sidecarOf(segment)}`;
    disk.files.set(path, bytesOf(disk, path).slice(0, -9));
  },
  "it is that of another history": (disk, segment) => {
    const sidecar = sidecarIn(disk, segment);
    const { index } = sidecarIn(disk, namesIn(disk, SEGMENTS)[0] ?? "");
    const chain = "x".repeat(43);
    putSidecar(disk, segment, { ...sidecar, index, segment: { ...sidecar.segment, chain } });
  },
};

for (const [what, change] of Object.entries(LATER_CHANGES)) {
  Deno.test(`sidecars: lines are found through them while a process runs, also if ${what}`, async () => {
    const written = await writtenWithSidecars();
    const disk = written.disk.copy();
    const { journal, disk: seen, read } = await startOn(disk);
    assert.deepEqual(read, [written.active]);
    for (const segment of written.sealed) change(disk, segment);
    const logIds = written.entries.map(({ logId }) => logId);
    const { journal: whole } = await startOn(written.disk.copy());
    assert.deepEqual(await journal.locate(logIds), await whole.locate(logIds));
    // The second time, all indexes are in memory.
    const opened = () => seen.operations.filter((each) => each.startsWith("open")).length;
    const before = opened();
    await journal.locate(logIds);
    assert.equal(opened(), before);
    assert.deepEqual(await journal.readAt(logIds), written.entries);
    await Promise.all([journal.close(), whole.close()]);
  });
}

Deno.test("sidecars: a few line indexes stay in memory, and the others are loaded again", async () => {
  const files = new MemoryDisk();
  const { journal, clock, disk } = await startOn(files, { segmentBytes: 600 });
  for (let round = 0; round < 40; round++) await journal.append(facts(2)).durable;
  await proven({ clock });
  const segments = namesIn(files, SEGMENTS);
  assert.ok(segments.length > 30, `${segments.length} segments`);
  const firsts = segments.map((name) => Number(name.replace(".ndjson", "")));
  const loads = async (logIds: readonly (number | undefined)[]) => {
    const before = disk.operations.length;
    for (const logId of logIds) await journal.locate([logId ?? 0]);
    const reads = disk.operations.slice(before).filter((each) => each.startsWith("read"));
    return new Set(reads).size;
  };
  assert.equal(await loads(firsts), firsts.length - 1, "all but the active one");
  assert.equal(await loads(firsts.slice(-10)), 0, "the latest are still there");
  assert.equal(await loads(firsts.slice(0, 16)), 16, "the first are not");
  assert.equal(await loads([firsts[0], firsts[20], firsts[0]]), 1, "what was used last stays");
  assert.equal(await loads([firsts[1]]), 1, "what was not used for the longest time does not");
  await journal.close();
});

/** Changes of a segment, with the same length or another. */
const CHANGES: Readonly<Record<string, (disk: MemoryDisk, path: string) => void>> = {
  "a flipped bit": (disk, path) => disk.files.set(path, flipped(bytesOf(disk, path), 200)),
  "a byte more": (disk, path) => disk.files.set(path, new Uint8Array([...bytesOf(disk, path), 10])),
  "a byte less": (disk, path) => disk.files.set(path, bytesOf(disk, path).slice(0, -1)),
  "another file": (disk, path) => {
    const bytes = flipped(bytesOf(disk, path), 300);
    disk.files.delete(path);
    disk.files.set(path, bytes);
  },
  "no file": (disk, path) => void disk.files.delete(path),
};

/** The changes that a start does not report. */
async function changesNotFound(
  written: Written,
  through: (disk: MemoryDisk) => MemoryDisk | PassingDisk,
): Promise<readonly string[]> {
  const missed: string[] = [];
  for (const [what, change] of Object.entries(CHANGES)) {
    for (const segment of written.sealed) {
      const disk = written.disk.copy();
      const broken = through(disk);
      change(disk, `${SEGMENTS}/${segment}`);
      try {
        await (await startOn(broken)).journal.close();
        missed.push(`${what} in ${segment}`);
      } catch (error) {
        assert.ok(error instanceof JournalDamagedError, `${what}: ${error}`);
      }
    }
  }
  return missed;
}

Deno.test("sidecars: a segment with any change is read, and the damage reported", async () => {
  assert.deepEqual(await changesNotFound(await writtenWithSidecars(), (disk) => disk), []);
});

/** Reports the first file times forever, whatever happens to the files. */
class ForgetsToLook extends PassingDisk {
  readonly #known: MemoryDisk;

  constructor(disk: MemoryDisk) {
    super(disk);
    this.#known = disk.copy();
  }

  override stamp(path: string): Promise<FileStamp | undefined> {
    return this.#known.stamp(path);
  }
}

Deno.test("sidecars: a start that trusts a verdict for a changed file is caught", async () => {
  const missed = await changesNotFound(
    await writtenWithSidecars(),
    (disk) => new ForgetsToLook(disk),
  );
  assert.ok(missed.some((each) => each.startsWith("a flipped bit")), missed.join());
});

/** Changes one claim about each segment. */
class Differs extends PassingDisk {
  constructor(disk: MemoryDisk, private readonly change: Partial<FileStamp>) {
    super(disk);
  }

  override async stamp(path: string): Promise<FileStamp | undefined> {
    const stamp = await super.stamp(path);
    return stamp && path.startsWith(SEGMENTS) ? { ...stamp, ...this.change } : stamp;
  }
}

Deno.test("sidecars: size, inode, modification and change time must all equal those of the verdict", async () => {
  const written = await writtenWithSidecars();
  for (const change of [{ bytes: 1 }, { inode: 1 }, { modifiedMs: 1 }, { changedMs: 1 }]) {
    const { read, journal } = await startOn(new Differs(written.disk.copy(), change));
    const what = JSON.stringify(change);
    assert.deepEqual(read, [...written.sealed, written.active], what);
    await journal.close();
  }
  const { read, journal } = await startOn(new Differs(written.disk.copy(), {}));
  assert.deepEqual(read, [written.active]);
  await journal.close();
});

/** A file system with times of this resolution. */
class Coarse extends PassingDisk {
  grain = 1e6;

  override async stamp(path: string): Promise<FileStamp | undefined> {
    const stamp = await super.stamp(path);
    const coarse = (ms: number) => Math.floor(ms / this.grain);
    return stamp &&
      { ...stamp, modifiedMs: coarse(stamp.modifiedMs), changedMs: coarse(stamp.changedMs) };
  }
}

Deno.test("sidecars: a file changed within the resolution of file times gets its verdict only after that", async () => {
  const disk = new MemoryDisk();
  const coarse = new Coarse(disk);
  const started = await startOn(coarse);
  for (let round = 0; round < 8; round++) await started.journal.append(facts(2)).durable;
  await proven(started);
  assert.deepEqual(namesIn(disk, SIDECARS), []);
  coarse.grain = 1;
  await proven(started);
  assert.ok(namesIn(disk, SIDECARS).length > 0);
  await started.journal.close();
});

Deno.test("sidecars: a start that reads a just changed file postpones the verdict", async () => {
  const written = await writtenWithSidecars();
  const disk = written.disk.copy();
  for (const segment of written.sealed) disk.files.delete(`${SIDECARS}/${sidecarOf(segment)}`);
  const coarse = new Coarse(disk);
  const started = await startOn(coarse);
  coarse.grain = 1;
  started.disk.forget();
  await proven(started);
  const reads = started.disk.operations.filter((each) => each.startsWith(`read ${SEGMENTS}`));
  assert.equal(reads.length, written.sealed.length, "they are read once more");
  assert.deepEqual(namesIn(disk, SIDECARS), written.sealed.map(sidecarOf));
  await started.journal.close();
});

Deno.test("sidecars: a segment that another thread has found whole gets its verdict without being read here", async () => {
  const asked: string[] = [];
  const isWhole = (path: string) => Promise.resolve(asked.push(path) > 0);
  const started = await startOn(new MemoryDisk(), { prover: { isWhole } });
  for (let round = 0; round < 12; round++) await started.journal.append(facts(2)).durable;
  started.disk.forget();
  await proven(started);
  assert.deepEqual(segmentsRead(started.disk), []);
  assert.ok(asked.length > 1);
  const sidecars = started.disk.operations.filter((each) => each.startsWith(`rename ${SIDECARS}`));
  assert.equal(sidecars.length, asked.length);
  await started.journal.close();
});

Deno.test("sidecars: damage in a trusted segment is found in the background, and ends the process", async () => {
  const written = await writtenWithSidecars();
  for (const segment of written.sealed) {
    const disk = written.disk.copy();
    const path = `${SEGMENTS}/${segment}`;
    const bytes = bytesOf(disk, path);
    const offset = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    disk.files.rot(path, flipped(bytes, offset + 20));
    const started = await startOn(disk);
    assert.deepEqual(started.read, [written.active], "nothing shows it");
    await started.journal.append(facts(1)).durable;
    await proven(started);
    const [failure] = started.consumer.failures;
    const damage = failure?.cause;
    assert.ok(damage instanceof JournalDamagedError, `${segment}: ${damage}`);
    assert.deepEqual(
      [damage.segment, damage.offset, damage.exitCode, damage.message.includes("does not match")],
      [segment, offset, 78, true],
    );
    const next = written.sealed[written.sealed.indexOf(segment) + 1] ?? written.active;
    assert.equal(damage.logId, Number(next.replace(".ndjson", "")) - 1);
    assert.throws(() => started.journal.append(facts(1)), JournalFailedError);
    assert.equal(started.consumer.failures.length, 1);
    await started.journal.close();
  }
});

Deno.test("sidecars: pending entries are not acknowledged when damage is found", async () => {
  const written = await writtenWithSidecars();
  const path = `${SEGMENTS}/${written.sealed[0]}`;
  const disk = written.disk.copy();
  disk.files.rot(path, flipped(bytesOf(disk, path), 30));
  const started = await startOn(disk);
  started.disk.hold();
  const outcomes = [started.journal.append(facts(1)), started.journal.append(facts(1))]
    .map(({ durable }) => durable.then(() => "acknowledged", (error) => error.constructor.name));
  await started.disk.held;
  await proven(started);
  started.disk.release();
  assert.deepEqual(await Promise.all(outcomes), ["JournalFailedError", "JournalFailedError"]);
  assert.equal(started.consumer.failures.length, 1);
  assert.equal(started.consumer.batches.length, 0);
  await started.journal.close();
});

Deno.test("sidecars: a segment is read back before it gets its first verdict", async () => {
  const disk = new MemoryDisk();
  const started = await startOn(disk);
  for (let round = 0; round < 6; round++) await started.journal.append(facts(2)).durable;
  const [first = ""] = namesIn(disk, SEGMENTS);
  disk.files.rot(`${SEGMENTS}/${first}`, flipped(bytesOf(disk, `${SEGMENTS}/${first}`), 100));
  await proven(started);
  assert.ok(started.consumer.failures[0]?.cause instanceof JournalDamagedError);
  assert.deepEqual(namesIn(disk, SIDECARS), []);
  await started.journal.close();
});

Deno.test("sidecars: a missing trusted segment is damage", async () => {
  const written = await writtenWithSidecars();
  const disk = written.disk.copy();
  const started = await startOn(disk);
  disk.files.delete(`${SEGMENTS}/${written.sealed[1]}`);
  await proven(started);
  const damage = started.consumer.failures[0]?.cause;
  assert.ok(damage instanceof JournalDamagedError);
  assert.equal(damage.segment, written.sealed[1]);
  await started.journal.close();
});

/** Damage to a sealed segment while a process runs. */
const DAMAGES: Readonly<Record<string, (disk: MemoryDisk, path: string) => void>> = {
  "changed": (disk, path) => {
    const bytes = bytesOf(disk, path);
    disk.files.rot(path, flipped(bytes, bytes.indexOf("}\n".charCodeAt(0)) - 20));
  },
  "cut": (disk, path) => disk.files.rot(path, bytesOf(disk, path).slice(0, 40)),
  "missing": (disk, path) => void disk.files.delete(path),
  "replaced": (disk, path) => {
    disk.files.delete(path);
    void disk.makeFolder(path);
  },
};

for (const [how, damage] of Object.entries(DAMAGES)) {
  Deno.test(`file journal: a read that meets a ${how} segment names it, and ends the process`, async () => {
    const written = await writtenWithSidecars();
    const [segment = ""] = written.sealed;
    for (const withSidecar of [true, false]) {
      const disk = written.disk.copy();
      const { journal, consumer } = await startOn(disk);
      if (!withSidecar) disk.files.delete(`${SIDECARS}/${sidecarOf(segment)}`);
      damage(disk, `${SEGMENTS}/${segment}`);
      const reads = [journal.read(0, 5), journal.readAt([1])];
      if (!withSidecar) reads.push(journal.locate([1]).then(() => []));
      for (const { reason } of await Promise.allSettled(reads) as PromiseRejectedResult[]) {
        assert.ok(reason instanceof JournalDamagedError, String(reason));
        assert.deepEqual([reason.segment, reason.exitCode], [segment, 78]);
      }
      assert.equal(consumer.failures.length, 1);
      assert.ok(consumer.failures[0]?.cause instanceof JournalDamagedError);
      assert.throws(() => journal.append(facts(1)), JournalFailedError);
      await journal.close();
    }
  });
}

Deno.test("file journal: a read that fails for another reason ends nothing", async () => {
  const written = await writtenWithSidecars();
  const { journal, consumer, disk } = await startOn(written.disk.copy());
  disk.fail({ operation: "read", path: SEGMENTS, error: inputOutputError() });
  await assert.rejects(journal.readAt([1]), /Input\/output/);
  await assert.rejects(journal.readAt([1_000_000]), RangeError);
  await journal.append(facts(1)).durable;
  assert.deepEqual(consumer.failures, []);
  await journal.close();
});

Deno.test("sidecars: the verification writes verdicts that are gone, and reports its progress", async () => {
  const written = await writtenWithSidecars();
  const segments = written.sealed.length;
  const started = await startOn(written.disk);
  const [first = "", gone = ""] = written.sealed;
  const kept = bytesOf(written.disk, `${SIDECARS}/${sidecarOf(first)}`);
  written.disk.files.delete(`${SIDECARS}/${sidecarOf(gone)}`);
  await started.clock.advance(2_000);
  await proven(started);
  const { proof } = await started.journal.info();
  assert.deepEqual([proof.segments, proof.proven, proof.trusted], [segments, segments, 0]);
  assert.ok(proof.at !== null);
  assert.equal(
    bytesOf(written.disk, `${SIDECARS}/${sidecarOf(first)}`),
    kept,
    "not written again",
  );
  await started.journal.close();
  await assertReads(written.disk, written, [], "after a proof");
});

Deno.test("sidecars: one that cannot be written gives one warning, and the journal works without it", async () => {
  const written = await writtenWithSidecars();
  const denied = (path: string) => new Error(`Permission denied (os error 13): open '${path}'`);
  const faults = [["write", noSpace], ["sync", inputOutputError], ["create", denied]] as const;
  for (const [operation, errorAt] of faults) {
    const disk = written.disk.copy();
    for (const segment of written.sealed) disk.files.delete(`${SIDECARS}/${sidecarOf(segment)}`);
    const started = await startOn(disk);
    for (const segment of written.sealed) {
      const path = `${SIDECARS}/${sidecarOf(segment)}`;
      started.disk.fail({ operation, path, error: errorAt(path) });
    }
    await proven(started);
    assert.equal(started.warnings.length, 1, started.warnings.join());
    assert.match(started.warnings[0] ?? "", /^Cannot verify segment \d+\.ndjson: /);
    assert.deepEqual(namesIn(disk, SIDECARS), []);
    await started.journal.append(facts(1)).durable;
    await started.journal.close();
    await assertReads(disk, written, written.sealed, operation);
  }
});

Deno.test("sidecars: a folder of them that cannot be listed keeps no journal from starting", async () => {
  const { disk, entries } = await writtenWithSidecars();
  const list = disk.list.bind(disk);
  disk.list = async (folder) => {
    if (folder === SIDECARS) throw new Deno.errors.PermissionDenied("Permission denied");
    return await list(folder);
  };
  const { journal, consumer } = await startOn(disk);
  assert.deepEqual(consumer.entries.slice(0, entries.length), entries);
  await journal.append(facts(1)).durable;
  await journal.close();
});

Deno.test("sidecars: those of removed segments, and unfinished ones, are removed", async () => {
  const written = await writtenWithSidecars();
  const other = `${SIDECARS}/${sidecarOf("00000000000000999999.ndjson")}`;
  written.disk.files.set(other, new Uint8Array([1]));
  written.disk.files.set(`${other}.tmp`, new Uint8Array([1]));
  written.disk.files.set(`${SIDECARS}/notes.txt`, new Uint8Array([1]));
  const started = await startOn(written.disk);
  await proven(started);
  await started.journal.close();
  const expected = [...written.sealed.map(sidecarOf), "notes.txt"].sort();
  assert.deepEqual(namesIn(written.disk, SIDECARS), expected);
});

Deno.test("sidecars: nothing is written if the folder is a link or a file", async () => {
  const disk = new MemoryDisk();
  disk.makeFolder(FOLDER);
  disk.files.set(SIDECARS, new Uint8Array([1]));
  const started = await startOn(disk);
  for (let round = 0; round < 8; round++) await started.journal.append(facts(2)).durable;
  await proven(started);
  assert.deepEqual(started.warnings.length, 1);
  assert.match(started.warnings[0] ?? "", /journal\/sidecars is a file, not a folder/);
  await started.journal.close();
});

testWithFolder("sidecars: on a real disk only their owner can read them", async (folder) => {
  const options = { segmentBytes: 1_000 };
  const { journal } = await folder.open(new RememberingConsumer(), options);
  for (let round = 0; round < 6; round++) await journal.append(facts(2)).durable;
  const sidecars = `${folder.path}/sidecars`;
  // Waits for the resolution of the real file system's times.
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until;) {
    await folder.clock.advance(2_000);
    const { segments } = (await journal.info()).proof;
    const there = await Array.fromAsync(Deno.readDir(sidecars)).catch(() => []);
    if (there.filter(({ name }) => name.endsWith(".sidecar")).length === segments) break;
  }
  assert.deepEqual([folder.warnings, (await journal.info()).proof.trusted], [[], 0]);
  await journal.close();
  assert.equal((await Deno.stat(sidecars)).mode! & 0o777, 0o700);
  for await (const { name } of Deno.readDir(sidecars)) {
    assert.equal((await Deno.stat(`${sidecars}/${name}`)).mode! & 0o777, 0o600);
  }
  const segments = await folder.names("segments");
  const sealed = segments.slice(0, -1);
  folder.disk.forget();
  await (await folder.open(new RememberingConsumer(), options)).journal.close();
  const isRead = (name: string) =>
    folder.disk.operations.some((each) => each.startsWith("read ") && each.endsWith(name));
  assert.deepEqual(segments.filter(isRead), segments.slice(-1));
  // The same bytes with the modification time restored: the change time differs.
  const path = `${folder.path}/segments/${sealed[0]}`;
  const { atime, mtime } = await Deno.stat(path);
  await Deno.writeFile(path, flipped(await Deno.readFile(path), 100));
  await Deno.utime(path, atime ?? 0, mtime ?? 0);
  await assert.rejects(folder.open(new RememberingConsumer(), options), JournalDamagedError);
});

/** A clock that advances half a millisecond at each reading, and remembers timers. */
class SlowClock extends FakeClock {
  #looks = 0;
  readonly delays: number[] = [];

  override monotonic(): number {
    return super.monotonic() + 0.5 * ++this.#looks;
  }

  override setTimer(delayMs: number, callback: () => void): () => void {
    this.delays.push(delayMs);
    return super.setTimer(delayMs, callback);
  }
}

Deno.test("sidecars: the verification uses a twentieth of the time, in slices of two milliseconds", async () => {
  const segmentBytes = 9_000;
  const written = await writtenWithSidecars(segmentBytes);
  const clock = new SlowClock();
  const started = await startOn(written.disk, { clock, segmentBytes });
  clock.delays.length = 0;
  const before = clock.monotonic();
  await clock.advance(60_000);
  await started.journal.close();
  // Without the timers of a quiet seal and of the initial delay.
  const rests = clock.delays.filter((delay) => delay < 1_000);
  assert.ok(rests.length >= 2 * written.sealed.length, rests.join());
  const workedMs = clock.monotonic() - before - 60_000;
  const restedMs = rests.reduce((sum, each) => sum + each, 0);
  assert.ok(Math.max(...rests) <= 19 * 4, `a slice of ${Math.max(...rests) / 19} ms`);
  assert.ok(restedMs > 10 * workedMs, `rested ${restedMs} ms of ${workedMs} worked`);
});

Deno.test("sidecars: newly full segments are verified before trusted ones, and faster if two are waiting", async () => {
  const segmentBytes = 9_000;
  const written = await writtenWithSidecars(segmentBytes);
  const clock = new SlowClock();
  const { journal } = await startOn(written.disk, { clock, segmentBytes });
  const names = async () => (await journal.info()).segments.map(({ name }) => name);
  const before = (await names()).length;
  while ((await names()).length < before + 4) await journal.append(facts(8)).durable;
  const sealed = (await names()).slice(before - 1, -1);
  const lack = () =>
    sealed.filter((name) => !written.disk.files.has(`${SIDECARS}/${sidecarOf(name)}`));
  clock.delays.length = 0;
  for (let step = 0; step < 2_000 && lack().length > 0; step++) await clock.advance(10);
  assert.deepEqual(lack(), []);
  const { trusted } = (await journal.info()).proof;
  assert.ok(trusted >= written.sealed.length - 1, `${trusted} wait that were trusted`);
  const rests = clock.delays.filter((delay) => delay < 1_000);
  assert.ok(rests.some((rest) => rest > 0 && rest <= 9 * 4), rests.join());
  await journal.close();
});

Deno.test("sidecars: a newly full segment gets its verdict soon, also while the verification rests", async () => {
  const written = await writtenWithSidecars();
  const clock = new FakeClock();
  const isWhole = () => new Promise<boolean>((resolve) => clock.setTimer(400, () => resolve(true)));
  const { journal } = await startOn(written.disk, { clock, prover: { isWhole } });
  const open = (await journal.info()).segments.at(-1)!.name;
  // A trusted segment is verified, which a long rest follows.
  await clock.advance(2_000);
  await clock.advance(400);
  while ((await journal.info()).segments.at(-1)!.name === open) {
    await journal.append(facts(2)).durable;
  }
  await clock.advance(100);
  await clock.advance(400);
  assert.ok(written.disk.files.has(`${SIDECARS}/${sidecarOf(open)}`));
  await journal.close();
});
