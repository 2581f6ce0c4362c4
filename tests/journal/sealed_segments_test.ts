/** What an incremental backup relies on: a segment that is no longer active never changes. */

import assert from "node:assert/strict";
import { journalCommand } from "../support/process/journal_command.ts";
import type { FileSystem } from "../../src/journal/file_system.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { engineOn } from "../support/journal/journal_of_jobs.ts";
import { bytesOf, lastSegment, segmentPaths } from "../support/damage/journal_sweep.ts";
import { inFolder } from "../support/temporary_folder.ts";

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
  const [job] = engine.list({ limit: 1 }).jobs;
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
