/** A journal that continues while a tool copies it, file by file, in any order. */

import assert from "node:assert/strict";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { engineOn } from "../support/journal/journal_of_jobs.ts";
import { written, type WrittenJournal } from "../support/journal/written_journal.ts";
import { incoming } from "../support/engine/incoming.ts";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The files at one moment, and what had been acknowledged. */
export interface Moment {
  readonly files: Files;
  readonly acknowledged: number;
}

export interface LiveJournal {
  /** Every visible state, including those within a write. */
  readonly moments: readonly Moment[];
  /** The final state. */
  readonly journal: WrittenJournal;
}

/** Jobs run, segments fill, and snapshots are written and pruned. */
export async function liveJournal(): Promise<LiveJournal> {
  const memory = new MemoryDisk();
  const disk = new TestDisk(memory);
  const moments: Moment[] = [];
  let head = () => 0;
  const note = () => addMoment(moments, new Map(memory.files), head());
  disk.before = note;
  const options = { segmentBytes: 4_000, snapshotEvery: 12 };
  const { engine, clock, journal, stop } = await engineOn(disk, new FakeRandom("01L"), options);
  head = () => journal.head.logId;
  for (let order = 1; order <= 6; order++) {
    for (const type of ["test.greet", "test.parcel", "test.doomed"]) {
      const created = await engine.create({ type, input: { name: "Zoë", orderId: `${order}` } });
      assert.ok(created.ok || type === "test.greet");
      await clock.settle();
    }
    const attributes = { orderId: `${order}` };
    await engine.deliver([incoming("shop.ParcelShipped", attributes)]);
    await clock.settle();
  }
  await stop();
  note();
  const segments = new MemoryDisk();
  for (const [path, bytes] of memory.files) {
    if (path.includes("/segments/")) segments.files.set(path, bytes);
  }
  return { moments, journal: written(segments) };
}

/** Adds a moment in which half of a write is visible. */
function addMoment(moments: Moment[], files: Files, acknowledged: number): void {
  const before = moments.at(-1);
  const grown = [...files].find(([path, bytes]) =>
    bytes.length > (before?.files.get(path)?.length ?? bytes.length)
  );
  if (grown !== undefined && before !== undefined) {
    const [path, bytes] = grown;
    const size = before.files.get(path)?.length ?? 0;
    const half = bytes.slice(0, size + Math.ceil((bytes.length - size) / 2));
    const { acknowledged } = before;
    moments.push({ files: new Map(before.files).set(path, half), acknowledged });
  }
  moments.push({ files, acknowledged });
}

/** How a tool works. */
export type Tool =
  /** Lists the segments, and copies these. */
  | "segments as listed at the begin"
  /** Lists everything, and copies that in any order. */
  | "everything as listed at the begin"
  /** Lists each folder when it reaches it: `cp -r`, `tar`. */
  | "folder by folder"
  /** Lists repeatedly until nothing is new. */
  | "until nothing is new";

export const TOOLS: readonly Tool[] = [
  "segments as listed at the begin",
  "everything as listed at the begin",
  "folder by folder",
  "until nothing is new",
];

export interface Copy {
  readonly disk: MemoryDisk;
  /** What had been acknowledged when the tool began. */
  readonly acknowledged: number;
  /** What was copied, in order, and at which moment. */
  readonly trace: readonly string[];
}

export class Copier {
  readonly #disk = new MemoryDisk();
  readonly #trace: string[] = [];
  #at: number;
  /** The maximum number of moments while a file is copied. */
  readonly #pace: number;

  constructor(
    private readonly moments: readonly Moment[],
    private readonly fraction: () => number,
  ) {
    this.#at = Math.floor(fraction() * moments.length);
    this.#pace = 1 + Math.floor(fraction() * 40);
  }

  copy(tool: Tool): Copy {
    const acknowledged = this.#moment.acknowledged;
    for (const folder of ["segments", "snapshots"]) this.#disk.makeFolder(`journal/${folder}`);
    switch (tool) {
      case "segments as listed at the begin":
        this.#copyAll(this.#list("segments"));
        break;
      case "everything as listed at the begin":
        this.#copyAll(this.#list(""));
        break;
      case "folder by folder":
        for (const folder of this.#shuffled(["segments", "snapshots"])) {
          this.#copyAll(this.#list(folder));
        }
        break;
      case "until nothing is new":
        for (let names = this.#list(""); names.length > 0; names = this.#listNew()) {
          this.#copyAll(names);
        }
    }
    return { disk: this.#disk, acknowledged, trace: this.#trace };
  }

  /** Copies again what has changed or is new, in its final state. */
  again(): MemoryDisk {
    const { files } = this.moments.at(-1) ?? this.#moment;
    for (const [path, bytes] of files) this.#disk.files.set(path, bytes);
    return this.#disk;
  }

  get #moment(): Moment {
    const moment = this.moments[this.#at];
    if (moment === undefined) throw new RangeError("Cannot copy: there was no such moment");
    return moment;
  }

  #copyAll(paths: readonly string[]): void {
    for (const path of this.#shuffled(paths)) {
      const bytes = this.#moment.files.get(path);
      this.#trace.push(`${path} at ${this.#at}${bytes === undefined ? ", gone" : ""}`);
      if (bytes !== undefined) this.#disk.files.set(path, bytes);
      this.#pass();
    }
  }

  #pass(): void {
    const passed = Math.floor(this.fraction() * this.#pace);
    this.#at = Math.min(this.moments.length - 1, this.#at + passed);
  }

  #list(folder: string): readonly string[] {
    const paths = [...this.#moment.files.keys()];
    const isKind = (path: string) => /\.(?:ndjson|snapshot)(?:\.tmp)?$/.test(path);
    return paths.filter((path) => isKind(path) && path.startsWith(`journal/${folder}`));
  }

  #listNew(): readonly string[] {
    return this.#list("").filter((path) => !this.#disk.files.has(path));
  }

  #shuffled(paths: readonly string[]): readonly string[] {
    return paths.map((path) => [this.fraction(), path] as const)
      .toSorted(([left], [right]) => left - right).map(([, path]) => path);
  }
}

/**
 * A disk on which the journal continues at every step of its reader; everything else is on another
 * disk.
 */
export function goingOn(
  moments: readonly Moment[],
  elsewhere: MemoryDisk,
  fraction: () => number,
): { readonly fileSystem: FileSystem; readonly acknowledged: number } {
  const source = new MemoryDisk();
  const pace = 1 + Math.floor(fraction() * 40);
  let at = Math.floor(fraction() * moments.length);
  const acknowledged = moments[at]?.acknowledged ?? 0;
  const goOn = () => {
    at = Math.min(moments.length - 1, at + Math.floor(fraction() * pace));
    source.files.clear();
    for (const [path, bytes] of moments[at]?.files ?? []) source.files.set(path, bytes);
  };
  goOn();
  source.makeFolder("journal/segments");
  const diskOf = (path: string) => {
    if (!path.startsWith("journal/")) return elsewhere;
    goOn();
    return source;
  };
  const fileSystem: FileSystem = {
    open: async (path, mode) => {
      const file = await diskOf(path).open(path, mode);
      const read = (offset: number, length: number) => {
        if (path.startsWith("journal/")) goOn();
        return file.read(offset, length);
      };
      return { ...file, read };
    },
    lock: (path) => diskOf(path).lock(path),
    list: (path) => diskOf(path).list(path),
    kind: (path) => diskOf(path).kind(path),
    stamp: (path) => diskOf(path).stamp(path),
    makeFolder: (path) => diskOf(path).makeFolder(path),
    isPrivate: (path) => diskOf(path).isPrivate(path),
    makePrivate: (path) => diskOf(path).makePrivate(path),
    rename: (from, to) => diskOf(from).rename(from, to),
    remove: (path) => diskOf(path).remove(path),
    syncFolder: () => Promise.resolve(),
  };
  return { fileSystem, acknowledged };
}
