/** When the thread of the index collects its garbage. */

import assert from "node:assert/strict";
import { GCProfiler } from "node:v8";
import { runInNewContext } from "node:vm";
import { collectGarbage } from "../../src/engine/collector.ts";
import { segmentName } from "../../src/journal/layout.ts";
import { decodedSidecar } from "../../src/journal/sidecar_store.ts";
import { DurableLines } from "../../src/values/durable_lines.ts";
import { isWholeSegment } from "../../src/values/segment_file.ts";
import { contentOf, sidecarOf } from "../support/journal/sidecar_journal.ts";
import { SEGMENTS, SIDECARS, writtenWithSidecars } from "../support/journal/sidecar_journal.ts";
import { inFolder } from "../support/temporary_folder.ts";

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
    const found = decodedSidecar(contentOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
    assert.ok(typeof found !== "string");
    const path = `${folder}/segment`;
    await Deno.writeFile(path, contentOf(disk, `${SEGMENTS}/${name}`));
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
