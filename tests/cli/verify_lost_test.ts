/** What sidecars and the index prove about a journal whose last segments are gone. */

import assert from "node:assert/strict";
import { jobIndexIn } from "../../src/index/open_index.ts";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { journalLayout, type Layout } from "../../src/journal/layout.ts";
import type { UnplacedEvent } from "../../src/engine/ports.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { PassingDisk } from "../support/journal/journal_disk.ts";
import { fact } from "../support/journal/journal_events.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  ofNoJob,
  proven,
  SEGMENTS,
  SIDECARS,
  type Started,
  startOn as factsOn,
} from "../support/journal/sidecar_journal.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { runJournal, type Said } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

/** One for all, so that no id comes twice. */
const random = new FakeRandom("05V");

async function startOn({ folder, index }: Layout) {
  const clock = new FakeClock();
  const jobIndex = jobIndexIn({ folder: index, warn: () => {} });
  const started = await engineOnFiles({
    folder,
    fileSystem: new DenoFileSystem(),
    clock,
    random,
    definitions: DEFINITIONS,
    maxRunning: 4,
    index: jobIndex,
    segmentBytes: 6_000,
    snapshotEvery: 1_000_000,
  }).catch((error) => {
    jobIndex.close();
    throw error;
  });
  const stop = async () => {
    await started.engine.stop(0);
    await started.journal.close();
    jobIndex.close();
  };
  return { ...started, clock, stop };
}

/** A stopped journal of several segments, with an index and sidecars, but without snapshots. */
async function journalIn(folder: string): Promise<Layout> {
  const layout = journalLayout(folder);
  const { engine, journal, clock, stop } = await startOn(layout);
  while ((await journal.info()).segments.length < 4) {
    const created = await engine.create({ type: "test.greet", input: { name: "Zoë" } });
    assert.ok(created.ok);
    await clock.settle();
  }
  await until("each full segment has its sidecar", async () => {
    await clock.advance(1_000);
    return namesIn(layout.sidecars).length === 3;
  });
  await stop();
  Deno.removeSync(layout.snapshots, { recursive: true });
  return layout;
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function removeLastSegments({ segments }: Layout, count: number): void {
  for (const name of namesIn(segments).slice(-count)) Deno.removeSync(`${segments}/${name}`);
}

/** Why a start refuses the journal, without the place and the advice. */
async function refusal(layout: Layout): Promise<string> {
  try {
    await (await startOn(layout)).stop();
  } catch (error) {
    assert.ok(error instanceof JournalDamagedError, String(error));
    return /\(logId \d+\): (.*? move \S+ away)/.exec(error.message)?.[1] ??
      assert.fail(error.message);
  }
  assert.fail("it started");
}

function command(layout: Layout, name: string, ...args: string[]): Promise<Said> {
  return runJournal([name, "--journal", layout.folder, ...args], {
    tools: { scratchIn: scratchIndexIn },
  });
}

const PROOFS = {
  "a sidecar": (layout: Layout) => Deno.removeSync(layout.index, { recursive: true }),
  "the index": (layout: Layout) => Deno.removeSync(layout.sidecars, { recursive: true }),
};

for (const [proof, removeOther] of Object.entries(PROOFS)) {
  for (const count of [1, 2, 4]) {
    Deno.test(`verify and repair: with the last ${count} of 4 segments removed, they name what ${proof} proves, as a start does, and --apply records the loss`, () =>
      inFolder(async (folder) => {
        const layout = await journalIn(`${folder}/journal`);
        removeLastSegments(layout, count);
        removeOther(layout);
        const reason = await refusal(layout);
        const last = Number(/logId \d+ to (\d+) or more/.exec(reason)?.[1]);

        const { code, out } = await command(layout, "verify", "--no-server");
        assert.equal(code, 78, out.join("\n"));
        assert.equal(JSON.parse(out[0] ?? "").detail, `damaged: ${reason}`);

        const planned = await command(layout, "repair");
        assert.equal(planned.code, 1, planned.out.join("\n"));
        const { loss } = JSON.parse(planned.out[0] ?? "");
        assert.deepEqual([loss.last, loss.shown], [last, [reason]]);
        assert.equal(await refusal(layout), reason);

        assert.equal((await command(layout, "repair", "--apply")).code, 0);
        await (await startOn(layout)).stop();
        assert.equal((await command(layout, "verify", "--no-server")).code, 0);
      }));
  }
}

Deno.test("verify: an index and sidecars of another journal prove nothing", () =>
  inFolder(async (folder) => {
    const [layout, other] = [
      await journalIn(`${folder}/journal`),
      await journalIn(`${folder}/other`),
    ];
    removeLastSegments(layout, 2);
    for (const cache of ["index", "sidecars"] as const) {
      Deno.removeSync(layout[cache], { recursive: true });
      Deno.renameSync(other[cache], layout[cache]);
    }
    const { code, out } = await command(layout, "verify", "--no-server");
    assert.equal(code, 0, out.join("\n"));
  }));

async function roll({ journal, clock }: Pick<Started, "journal" | "clock">): Promise<void> {
  const { length } = (await journal.info()).segments;
  while ((await journal.info()).segments.length === length) await journal.append(ofNoJob()).durable;
  await proven({ clock });
}

/** Does work after each listing of the segments. */
class BusyDisk extends PassingDisk {
  constructor(inner: FileSystem, private readonly work: () => Promise<void>) {
    super(inner);
  }

  override async list(path: string): Promise<readonly string[]> {
    const names = await super.list(path);
    if (path === SEGMENTS) await this.work();
    return names;
  }
}

Deno.test("verify: segments that a server fills meanwhile are not lost", async () => {
  const disk = new MemoryDisk();
  const server = await factsOn(disk);
  await roll(server);
  let rolled = 0;
  const beside = new BusyDisk(disk, () => {
    rolled++;
    return roll(server);
  });
  const { code, out } = await journalCommand(beside, ["verify", "--no-server"]);
  assert.equal(code, 0, out.join("\n"));
  assert.ok(rolled > 0);
  await server.journal.close();
});

Deno.test("verify: a copy of a shared journal without its last segments is intact, with a note of what is fetched again", async () => {
  const disk = new MemoryDisk();
  const server = await factsOn(disk);
  const { jobId: _, ...opened } = fact({ writer: "wri_1", url: "http://10.0.0.1:8000" });
  const asFramework = { stratum: "framework", eventType: "journal.WriterOpened" } as const;
  await server.journal.append([{ ...opened, ...asFramework } as UnplacedEvent]).durable;
  for (let times = 0; times < 3; times++) await roll(server);
  await server.journal.close();
  for (const name of await disk.list("journal/snapshots")) {
    disk.files.delete(`journal/snapshots/${name}`);
  }
  const last = (await disk.list(SEGMENTS)).toSorted().at(-1);
  assert.equal((await disk.list(SIDECARS)).length, 3);
  disk.files.delete(`${SEGMENTS}/${last}`);

  const { code, out } = await journalCommand(disk, ["verify", "--no-server"], {
    isInteractive: false,
  });

  assert.equal(code, 0, out.join("\n"));
  assert.match(
    JSON.parse(out[0] ?? "").notes.join("\n"),
    /shows that this segment was full with .* fetches the rest from the database/,
  );
});
