/** The thread of the index verifies full segments. */

import assert from "node:assert/strict";
import { GCProfiler } from "node:v8";
import { runInNewContext } from "node:vm";
import { journalLayout, segmentName } from "../../src/journal/layout.ts";
import { decodedSidecar } from "../../src/journal/read/sidecar_store.ts";
import {
  flipped,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";
import { IS_QUICK } from "../support/effort.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { threadOf } from "./valued_events.ts";
import { collectGarbage } from "../../src/engine/collector.ts";
import { DurableLines, isWholeSegment } from "../../src/values/segments.ts";
import { bytesOf } from "../support/journal/journal_memory_disk.ts";

Deno.test("the thread of the index: it finds a segment whole, and any change of its file", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(journalLayout(folder).index, { recursive: true });
    const { disk, sealed: [first = "", name = ""] } = await writtenWithSidecars();
    const found = decodedSidecar(bytesOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
    assert.ok(typeof found !== "string");
    const { segment } = found;
    const whole = bytesOf(disk, `${SEGMENTS}/${name}`);
    const { pastEvents: thread, warnings } = threadOf(folder);
    // The thread alone does not keep a process going.
    const timer = setInterval(() => {}, 1_000);
    const path = `${folder}/segment`;
    const isWhole = async (bytes: Uint8Array) => {
      await Deno.writeFile(path, bytes);
      return await thread.isWhole(path, segment);
    };
    assert.equal(await isWhole(whole), true);
    for (let at = 0; at < whole.length; at += 97) {
      assert.equal(await isWhole(flipped(whole, at)), false, `byte ${at}`);
      assert.equal(await isWhole(whole.subarray(0, at)), false, `cut at ${at}`);
    }
    const { firstLogId, lastLogId, bytes } = segment;
    await Deno.writeFile(path, whole);
    assert.equal(await thread.isWhole(path, { name, firstLogId, lastLogId, bytes }), true);
    for (const at of [1, whole.indexOf(10, 1) - 40, whole.length >> 1]) {
      await Deno.writeFile(path, flipped(whole, at));
      const isStill = await thread.isWhole(path, { name, firstLogId, lastLogId, bytes });
      assert.equal(isStill, false, `byte ${at}, with the chain that the opening line states`);
    }
    assert.equal(await isWhole(new Uint8Array([...whole, 10])), false);
    assert.equal(await isWhole(bytesOf(disk, `${SEGMENTS}/${first}`)), false);
    assert.equal(await thread.isWhole(`${folder}/missing`, segment), false);
    const [last] = await Promise.all([thread.isWhole(path, segment), thread.close()]);
    assert.equal(last, false);
    assert.equal(await thread.isWhole(path, segment), false, "without a thread nothing is proven");
    clearInterval(timer);
    assert.deepEqual(warnings, []);
  }));

Deno.test("the thread of the index: it begins later if descriptors run out while its program loads", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(journalLayout(folder).index, { recursive: true });
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const { pastEvents: thread, warnings } = threadOf(folder, { onThread: () => resolve() });
    const asked = thread.isWhole("missing", { name: "", firstLogId: 1, lastLogId: 1, bytes: 0 });
    const { openSync } = Deno;
    const openNone = () => {
      throw new Error("Too many open files (os error 24)");
    };
    Object.assign(Deno, { openSync: openNone });
    await asked.finally(() => Object.assign(Deno, { openSync }));
    await begun;
    await thread.close();
    assert.deepEqual(warnings, [
      "The thread of the index of values failed, and restarts: no file descriptors are left for it",
    ]);
  }));

// Programs that embed Daybook may run with `--check`, which `deno test` does by itself.
Deno.test({
  name: "the thread of the index: it runs in a program whose types Deno checks",
  // The check takes ten seconds.
  ignore: IS_QUICK,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.mkdir(journalLayout(folder).index, { recursive: true });
      const { disk, sealed: [, name = ""] } = await writtenWithSidecars();
      const found = decodedSidecar(bytesOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
      assert.ok(typeof found !== "string");
      const path = `${folder}/segment`;
      await Deno.writeFile(path, bytesOf(disk, `${SEGMENTS}/${name}`));
      const program = new URL("type_checked_thread.ts", import.meta.url).href;
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--check", "--allow-all", program],
          ...[folder, path, JSON.stringify(found.segment)],
        ],
        env: { NO_COLOR: "1" },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      assert.equal(new TextDecoder().decode(stdout), "true\n");
    }),
});

// When the thread of the index collects its garbage.

const MIB = 1024 * 1024;

/** Whether V8 collected the whole heap meanwhile. */
async function collectsDuring(work: () => void | Promise<void>): Promise<boolean> {
  const profiler = new GCProfiler();
  profiler.start();
  await work();
  const collections = profiler.stop()?.statistics ?? [];
  return collections.some(({ gcType }) => gcType === "MarkSweepCompact");
}

Deno.test("the thread of the index: it collects its garbage once it has verified 64 MiB", () =>
  inFolder(async (folder) => {
    const { disk, sealed: [_, name = ""] } = await writtenWithSidecars();
    const found = decodedSidecar(bytesOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
    assert.ok(typeof found !== "string");
    const path = `${folder}/segment`;
    await Deno.writeFile(path, bytesOf(disk, `${SEGMENTS}/${name}`));
    const ofFullSize = { ...found.segment, bytes: 64 * MIB };
    const collects = await collectsDuring(async () => {
      assert.equal(await isWholeSegment(path, ofFullSize), true);
    });
    assert.ok(collects);
  }));

Deno.test("the thread of the index: it collects its garbage once it has read 64 MiB", () =>
  inFolder(async (folder) => {
    const text = "x".repeat(MIB / 16);
    const lines = Array.from({ length: 1024 }, (_, index) => {
      return `{"logId":${index + 1},"stratum":"framework","eventType":"job.JobStarted${text}"}\n`;
    });
    await Deno.writeTextFile(`${folder}/${segmentName(1)}`, lines.join(""));
    const read = new DurableLines(folder);
    const collects = await collectsDuring(() => {
      while (read.next <= lines.length) read.read(lines.length, { entry() {}, batchEnd() {} });
    });
    read.close();
    assert.ok(collects);
  }));

Deno.test("the thread of the index: its collector is not offered to code of jobs", () => {
  collectGarbage();
  assert.equal(runInNewContext("typeof gc"), "undefined");
});
