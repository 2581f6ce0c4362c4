/**
 * Segments that are no longer active: they never change, which incremental backups rely on; a proof
 * finds any change, and they are read in pieces.
 */

import assert from "node:assert/strict";
import { journalCommand } from "../support/process/journal_command.ts";
import { type FileSystem, type OpenFile, withFile } from "../../src/journal/files/file_system.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import {
  bytesOf,
  lastSegment,
  MemoryDisk,
  segmentPaths,
} from "../support/journal/journal_memory_disk.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { engineOn } from "../support/journal/journal_of_jobs.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { requireWhole, type SealedSegment } from "../../src/journal/read/segment_proof.ts";
import { decodedSidecar } from "../../src/journal/read/sidecar_store.ts";
import { fact } from "../support/journal/journal_events.ts";
import {
  flipped,
  namesIn,
  proven,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
  startOn,
  type Written,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";
import { findSegmentEnd } from "../../src/journal/read/segment_end.ts";
import { readPieces } from "../../src/journal/read/segment_pieces.ts";
import { SegmentScanner } from "../../src/journal/read/segment_scanner.ts";
import { withBlankEnd } from "../support/journal/journal_bytes.ts";
import { rounds } from "../support/effort.ts";

const OPTIONS = { segmentBytes: 4_000, snapshotEvery: 10 };

/** Compares each segment with its content when it stopped being the last one. */
class Watch {
  readonly #known = new Map<string, Uint8Array>();

  look(disk: MemoryDisk, what: string): void {
    const sealed = segmentPaths(disk).slice(0, -1);
    for (const path of sealed) {
      const bytes = bytesOf(disk, path);
      const known = this.#known.get(path);
      if (known === undefined) this.#known.set(path, bytes.slice());
      else assert.deepEqual(bytes, known, `${what} changed ${path}`);
    }
    for (const path of this.#known.keys()) assert.ok(sealed.includes(path), `${what}: ${path}`);
  }

  get count(): number {
    return this.#known.size;
  }
}

async function jobsOn(fileSystem: FileSystem, count: number) {
  const running = await engineOn(fileSystem, new FakeRandom(nextPrefix()), OPTIONS);
  for (let done = 0; done < count; done++) {
    const created = await running.engine.create({ type: "test.greet", input: { name: "Zoë" } });
    assert.ok(created.ok);
    await running.clock.settle();
  }
  return running;
}

let prefixes = 0;
/** Each process has different ids. */
function nextPrefix(): string {
  return `0${++prefixes}S`;
}

async function crashed(disk: MemoryDisk): Promise<void> {
  const faulty = new TestDisk(disk);
  await jobsOn(faulty, 3);
  faulty.crash();
}

async function exported(file: string): Promise<void> {
  const other = new MemoryDisk();
  const { engine, stop } = await jobsOn(other, 1);
  const [job] = engine.lists.page({ limit: 1 }).jobs;
  await stop();
  const { out } = await journalCommand(other, ["export", job?.jobId ?? ""], {
    isInteractive: false,
  });
  await Deno.writeTextFile(file, out.map((line) => `${line}\n`).join(""));
}

Deno.test("file journal: a segment that is no longer active never changes", () =>
  inFolder(async (folder) => {
    const disk = new MemoryDisk();
    const watch = new Watch();
    await exported(`${folder}/job.ndjson`);
    const command = async (...args: string[]) => {
      const { code, err } = await journalCommand(disk, args);
      assert.equal(code, 0, err.join("\n"));
    };
    const events: Readonly<Record<string, () => Promise<void>>> = {
      "a run, with snapshots": async () => await (await jobsOn(disk, 4)).stop(),
      "a restart": async () => await (await jobsOn(disk, 2)).stop(),
      "a crash": () => crashed(disk),
      "copying forward": async () => await (await jobsOn(disk, 1)).stop(),
      "a crash that tears the tail": async () => {
        await crashed(disk);
        // A snapshot beyond the torn tail would prevent the start, which another test covers.
        for (const path of disk.files.keys()) {
          if (path.endsWith(".snapshot")) disk.files.delete(path);
        }
        const last = lastSegment(disk);
        disk.files.set(last, bytesOf(disk, last).slice(0, -30));
        await (await jobsOn(disk, 2)).stop();
      },
      "an import": () => command("import", `${folder}/job.ndjson`),
      "verify": () => command("verify", "--no-server"),
      "a repair of the last segment": async () => {
        const last = lastSegment(disk);
        const bytes = bytesOf(disk, last).slice();
        bytes[300] = (bytes[300] ?? 0) ^ 1;
        disk.files.set(last, bytes);
        await command("repair", "--apply");
      },
      "a backup": () => command("backup", "copy"),
      "a last run": async () => await (await jobsOn(disk, 4)).stop(),
    };
    for (const [what, event] of Object.entries(events)) {
      await event();
      watch.look(disk, what);
    }
    assert.ok(watch.count >= 8, `${watch.count} segments`);
  }));

const PATH = "segment";

function segmentOf({ disk }: Pick<Written, "disk">, name: string): SealedSegment {
  const sidecar = decodedSidecar(bytesOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
  assert.ok(typeof sidecar !== "string");
  return sidecar.segment;
}

/** The damage, or `undefined` if the bytes are those of the segment. */
async function damageIn(
  segment: SealedSegment,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<JournalDamagedError | undefined> {
  const disk = new MemoryDisk();
  disk.files.set(PATH, bytes);
  try {
    await withFile(disk, PATH, "read", (file) => requireWhole(file, segment, () => undefined));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof JournalDamagedError, String(error));
    return error;
  }
}

Deno.test("segment proof: any changed, missing or added byte is found, with its line", async () => {
  const written = await writtenWithSidecars();
  for (const name of written.sealed) {
    const [segment, whole] = [
      segmentOf(written, name),
      bytesOf(written.disk, `${SEGMENTS}/${name}`),
    ];
    assert.equal(await damageIn(segment, whole), undefined);
    for (let at = 0; at < whole.length; at++) {
      const lineStart = whole.lastIndexOf(10, Math.max(0, at - 1)) + 1;
      const damage = await damageIn(segment, flipped(whole, at, 1 << (at % 8)));
      assert.ok(damage !== undefined, `byte ${at}`);
      assert.ok(damage.offset <= Math.max(at, lineStart), `byte ${at}: told at ${damage.offset}`);
      assert.ok(await damageIn(segment, whole.slice(0, at)) !== undefined, `cut at ${at}`);
    }
    for (const more of [[10], [0], [10, 10], [...whole.slice(0, 300)]]) {
      const damage = await damageIn(segment, new Uint8Array([...whole, ...more]));
      assert.ok(damage !== undefined, more.join());
    }
  }
});

Deno.test("segment proof: whole lines of another history are found", async () => {
  const written = await writtenWithSidecars();
  const [first = "", second = ""] = written.sealed;
  const content = bytesOf(written.disk, `${SEGMENTS}/${first}`);
  const segment = segmentOf(written, first);
  for (
    const change of [
      { chain: segmentOf(written, second).chain },
      { chainBefore: segment.chain },
      { lastLogId: segment.lastLogId + 1 },
      { lastLogId: segment.lastLogId - 1 },
    ]
  ) {
    const damage = await damageIn({ ...segment, ...change }, content);
    assert.ok(damage !== undefined, JSON.stringify(change));
  }
});

Deno.test("segment proof: a batch may be longer than one read", async () => {
  const disk = new MemoryDisk();
  const started = await startOn(disk, { segmentBytes: 1_000 });
  const pad = "x".repeat(100_000);
  for (const size of [1, 15, 2, 30, 1]) {
    await started.journal.append(Array.from({ length: size }, (_, n) => fact({ n, pad }))).durable;
  }
  await proven(started);
  const sealed = namesIn(disk, SEGMENTS).slice(0, -1);
  assert.deepEqual(namesIn(disk, SIDECARS), sealed.map(sidecarOf));
  await started.journal.close();
  for (const name of sealed) {
    const bytes = bytesOf(disk, `${SEGMENTS}/${name}`);
    const segment = segmentOf({ disk }, name);
    assert.equal(await damageIn(segment, bytes), undefined);
    assert.ok(await damageIn(segment, flipped(bytes, bytes.length - 1_000)) !== undefined);
  }
});

// Whatever the size of the pieces, the result equals that of reading the whole segment.

type Bytes = Uint8Array<ArrayBuffer>;

const SEGMENT = { name: "00000000000000000001.ndjson" };

/** Batches by their places, and how it ends. */
interface Found {
  readonly batches: readonly unknown[];
  readonly end: unknown;
  readonly next: readonly [number, string];
}

const placeOf = ({ firstLogId, lastLogId, chain }: ReturnType<SegmentScanner["next"]> & object) =>
  [firstLogId, lastLogId, chain] as const;

function foundWhole(bytes: Bytes, isLast: boolean): Found {
  const scanner = new SegmentScanner(bytes, 1, "");
  const batches: unknown[] = [];
  for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
    batches.push([...placeOf(batch), batch.offsets, batch.entries]);
  }
  const end = findSegmentEnd(SEGMENT, bytes, scanner, isLast);
  return { batches, end, next: [scanner.nextLogId, scanner.chain] };
}

async function foundInPieces(
  file: Pick<OpenFile, "read">,
  length: number,
  isLast: boolean,
  pieceBytes: number,
): Promise<Found> {
  const batches: unknown[] = [];
  let found: Found | undefined;
  const options = { file, bytes: length, firstLogId: 1, chain: "", parsedFrom: 1, pieceBytes };
  for await (const { bytes, scanner, from, isLast: isEnd } of readPieces(options)) {
    assert.equal(found, undefined, "nothing comes after the last piece");
    for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
      const offsets = batch.offsets.map((offset) => from + offset);
      batches.push([...placeOf(batch), offsets, batch.entries]);
    }
    if (!isEnd) continue;
    const next = [scanner.nextLogId, scanner.chain] as const;
    found = { batches, end: findSegmentEnd(SEGMENT, bytes, scanner, isLast, from), next };
  }
  return found ?? assert.fail("there is a last piece");
}

function fileOf(bytes: Bytes): Pick<OpenFile, "read"> {
  return {
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

/** Overwrites the memory that it is given at once, as a fast disk does. */
function overwriting(bytes: Bytes): Pick<OpenFile, "read"> {
  return {
    read: (offset, length, into = new Uint8Array(length)) => {
      const part = bytes.subarray(offset, offset + length);
      into.set(part);
      return Promise.resolve(into.subarray(0, part.length));
    },
  };
}

async function segment(): Promise<Bytes> {
  const { disk, sealed } = await writtenWithSidecars(6_000);
  return bytesOf(disk, `${SEGMENTS}/${sealed[0]}`);
}

async function assertSame(bytes: Bytes, what: string): Promise<void> {
  for (const isLast of [true, false]) {
    const whole = foundWhole(bytes, isLast);
    for (const pieceBytes of [100, 700, 3_000]) {
      for (const file of [fileOf(bytes), overwriting(bytes)]) {
        const found = await foundInPieces(file, bytes.length, isLast, pieceBytes);
        assert.deepEqual(found, whole, `${what}, pieces of ${pieceBytes}`);
      }
    }
  }
}

Deno.test("segment pieces: a whole segment, an empty one and one with blank lines at its end", async () => {
  const bytes = await segment();
  assert.ok(foundWhole(bytes, true).batches.length > 10);
  await assertSame(bytes, "whole");
  await assertSame(new Uint8Array(), "empty");
  await assertSame(withBlankEnd(bytes, 5_000), "written ahead");
});

Deno.test("segment pieces: damage and torn ends, wherever they are", async () => {
  const bytes = await segment();
  for (let at = 0; at < bytes.length; at += rounds(97, 7)) {
    await assertSame(flipped(bytes, at, 1 << (at % 8)), `a flipped bit in byte ${at}`);
    await assertSame(bytes.slice(0, at), `cut to ${at}`);
    const blank = bytes.slice();
    blank.fill(10, at, at + 200);
    await assertSame(blank, `blank from ${at} on`);
  }
});

Deno.test("segment pieces: a file that has become shorter is read to its new end", async () => {
  const bytes = await segment();
  const whole = foundWhole(bytes, true);
  const found = await foundInPieces(fileOf(bytes), bytes.length + 10_000, true, 700);
  assert.deepEqual(found, whole);
});

Deno.test("segment pieces: only a few pieces are in memory, except for long batches", async () => {
  const bytes = await segment();
  let most = 0;
  const memory = new Set<ArrayBuffer>();
  const options = { file: overwriting(bytes), bytes: bytes.length, firstLogId: 1, chain: "" };
  for await (const piece of readPieces({ ...options, parsedFrom: 1, pieceBytes: 2_500 })) {
    while (piece.scanner.next() !== undefined);
    most = Math.max(most, piece.bytes.length);
    memory.add(piece.bytes.buffer);
  }
  assert.ok(most <= 5_000, `${most} bytes`);
  assert.equal(memory.size, 2, "buffers");
});

Deno.test("segment pieces: a failed read is reported, and no read is left running", async () => {
  const bytes = await segment();
  let reading = 0;
  const file: Pick<OpenFile, "read"> = {
    read: async (offset, length) => {
      reading++;
      await Promise.resolve();
      reading--;
      if (offset > 2_000) throw new Error("the disk is gone");
      return bytes.slice(offset, offset + length);
    },
  };
  await assert.rejects(foundInPieces(file, bytes.length, true, 700), /the disk is gone/);
  assert.equal(reading, 0);
});
