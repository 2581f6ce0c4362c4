/** Disk operations of a journal, to be cut short at every step. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type { FileSystem, OpenFile } from "../../../src/journal/files/file_system.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import { withoutBlankEnd } from "../journal/journal_bytes.ts";
import { assertRecovers, type Found, openOn, type Scenario } from "./crash_sweep.ts";
import { facts } from "../journal/journal_events.ts";
import { PassingDisk } from "../journal/journal_disk.ts";
import { MemoryDisk } from "../journal/journal_memory_disk.ts";

type Opened = Awaited<ReturnType<typeof openOn>>;

interface Steps {
  /** Prepares the initial state; the process then dies. */
  readonly before?: (disk: MemoryDisk) => Promise<void>;
  /** Writes are only in memory, from where the next process reads them. */
  readonly isUnsynced?: boolean;
  readonly options?: Partial<FileJournalOptions>;
  readonly run: (opened: Opened) => Promise<void>;
  /** What else must hold once a start has recovered. */
  readonly after?: (disk: MemoryDisk) => void;
}

/** A scenario of an opened journal, which is the only writer. */
function scenario(name: string, steps: Steps): Scenario {
  /** Everything handed to the disk, from the first batch on. */
  let batches: (readonly JobEventLogEntry[])[] = [];
  return {
    name,
    async begin() {
      const disk = new MemoryDisk();
      await steps.before?.(disk);
      batches = [await entriesOn(disk)];
      return steps.isUnsynced === true ? disk.restarted() : settledCopy(disk);
    },
    async run(fileSystem: FileSystem, acknowledge) {
      if (steps.isUnsynced !== true) acknowledge(batches.flat().length);
      const opened = await openOn(fileSystem, steps.options, (entries) => {
        // What a start has read counts too once it continues, because readers see it.
        batches.push(entries);
        acknowledge(entries.at(-1)?.logId ?? 0);
      });
      await steps.run(opened);
    },
    async check(found: Found) {
      await assertRecovers(found, batches);
      steps.after?.(found.disk);
    },
  };
}

/** What a start would find, tested on a copy. */
async function entriesOn(disk: MemoryDisk): Promise<readonly JobEventLogEntry[]> {
  const { consumer } = await openOn(settledCopy(disk));
  const own = new Set(consumer.batches.flat());
  return consumer.entries.filter((entry) => !own.has(entry));
}

/** The same files, all of them durable. */
export function settledCopy(disk: MemoryDisk): MemoryDisk {
  return new MemoryDisk(disk.cut().kept);
}

/** The start on a disk that a crash left, to be cut short itself. */
export function startAgain(found: Found): Scenario {
  const steps: Steps = {
    before: (disk) => {
      for (const [path, bytes] of found.disk.files) disk.files.set(path, bytes);
      return Promise.resolve();
    },
    run: async (opened) => {
      await append(opened, 1);
      await opened.journal.close();
    },
  };
  return scenario(`starting on what was left before ${found.step}`, steps);
}

async function append(opened: Opened, ...sizes: readonly number[]): Promise<void> {
  for (const size of sizes) await opened.journal.append(facts(size)).durable;
}

/** As a crash after some batches. */
async function crashed(disk: FileSystem): Promise<void> {
  await append(await openOn(disk), 2, 3);
}

async function stopped(disk: MemoryDisk): Promise<void> {
  const opened = await openOn(disk);
  await append(opened, 2);
  await opened.journal.close();
}

const TORN_BYTES = 30;

/** Removes the last bytes of the only segment; returns what is left of its batch. */
function tear(disk: MemoryDisk): Uint8Array {
  const [path = "", bytes = new Uint8Array()] =
    [...disk.files].find(([each]) => each.includes("/segments/")) ?? [];
  const written = withoutBlankEnd(bytes);
  disk.files.set(path, written.slice(0, -TORN_BYTES));
  const start = new TextDecoder().decode(written).lastIndexOf("\n\n") + 1;
  return written.slice(start, -TORN_BYTES);
}

export const FIRST_START = scenario("the first start of an empty folder", {
  async run(opened) {
    await append(opened, 2, 1);
    await opened.journal.close();
  },
});

export const ROLLING = scenario("rolling segments, and a clean stop", {
  before: stopped,
  options: { segmentBytes: 700 },
  async run(opened) {
    await append(opened, 2, 1, 3);
    await opened.journal.close();
  },
});

const VERSION_1 = await Deno.readFile(
  new URL("../../journal/fixtures/version_1.ndjson", import.meta.url),
);
const FIRST_SEGMENT = "journal/segments/00000000000000000001.ndjson";

export const OLDER_FORMAT = scenario("beginning a segment of version 2 after one of version 1", {
  before(disk) {
    disk.files.set(FIRST_SEGMENT, VERSION_1);
    return Promise.resolve();
  },
  async run(opened) {
    await append(opened, 2, 1);
    await opened.journal.close();
  },
  after(disk) {
    assert.deepEqual(disk.files.get(FIRST_SEGMENT), VERSION_1, "it is left as it was");
  },
});

export const SNAPSHOTS = scenario("writing snapshots and pruning them", {
  before: stopped,
  options: { snapshotEvery: 3 },
  async run(opened) {
    for (const size of [3, 3, 4, 3]) {
      await append(opened, size);
      await opened.clock.settle();
    }
    await opened.journal.close();
  },
});

export const SNAPSHOTS_UNDER_LOAD = scenario("writing snapshots while segments roll", {
  before: stopped,
  options: { snapshotEvery: 3, segmentBytes: 900 },
  async run(opened) {
    await append(opened, 3, 1, 2, 3, 1);
    await opened.journal.close();
  },
});

/** Longer than it takes to verify all segments of a scenario. */
const PROOF_MS = 120_000;

async function provenOn(opened: Opened, ...sizes: readonly number[]): Promise<void> {
  await append(opened, ...sizes);
  await opened.clock.advance(PROOF_MS);
}

export const SIDECARS = scenario("writing sidecars of segments that were full", {
  before: stopped,
  options: { segmentBytes: 700 },
  async run(opened) {
    await provenOn(opened, 2, 1, 3);
    await provenOn(opened, 3, 1);
    await opened.journal.close();
  },
});

export const TRUSTING = scenario("starting on sidecars, and renewing them", {
  async before(disk) {
    const opened = await openOn(disk, { segmentBytes: 700 });
    await provenOn(opened, 2, 3, 2, 3);
    await opened.journal.close();
  },
  options: { segmentBytes: 700 },
  async run(opened) {
    const { proof } = await opened.journal.info();
    assert.ok(proof.trusted > 1, "sidecars are trusted");
    await provenOn(opened, 1);
    await opened.journal.close();
  },
});

let torn: Uint8Array = new Uint8Array();

export const QUARANTINE = scenario("quarantining a torn tail", {
  async before(disk) {
    await crashed(disk);
    torn = tear(disk);
  },
  async run(opened) {
    await append(opened, 1);
    await opened.journal.close();
  },
  after(disk) {
    const aside = [...disk.files].filter(([path]) => path.includes("/quarantine/"));
    // What was being recorded at the power cut may be there too.
    const isBegin = (bytes: Uint8Array) => bytes.every((byte, at) => byte === torn[at]);
    const sizes = aside.filter(([, bytes]) => isBegin(bytes)).map(([, bytes]) => bytes.length);
    assert.ok(sizes.length > 0, "the torn bytes are not in quarantine");
    for (const size of sizes) assert.equal(size, torn.length, "only a part is in quarantine");
  },
});

export const COPY_FORWARD = scenario("copying forward what a crash left", {
  before: crashed,
  async run(opened) {
    await append(opened, 1);
    await opened.journal.close();
  },
});

/** As after a failed sync: the next process reads what never reached the disk. */
export const COPY_FORWARD_UNSYNCED = scenario("copying forward what was never synced", {
  async before(disk) {
    await crashed(new Lacking(disk, { syncData: true, syncOf: ".ndjson" }));
  },
  isUnsynced: true,
  async run(opened) {
    await append(opened, 1);
    await opened.journal.close();
  },
});

/** What a broken file system omits, but reports as done. */
interface LeftOut {
  readonly syncData?: boolean;
  readonly syncFolder?: boolean;
  /** The sync of files whose path ends like this. */
  readonly syncOf?: string;
}

export class Lacking extends PassingDisk {
  constructor(inner: FileSystem, private readonly leftOut: LeftOut) {
    super(inner);
  }

  override wrapped(file: OpenFile, path: string): OpenFile {
    const { syncData, syncOf } = this.leftOut;
    const isOut = syncOf !== undefined && path.endsWith(syncOf);
    return {
      ...file,
      syncData: () => syncData === true ? Promise.resolve() : file.syncData(),
      sync: () => isOut ? Promise.resolve() : file.sync(),
    };
  }

  override async syncFolder(path: string): Promise<void> {
    if (this.leftOut.syncFolder !== true) await super.syncFolder(path);
  }
}
