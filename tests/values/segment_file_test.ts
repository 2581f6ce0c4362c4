/** The thread of the index verifies full segments. */

import assert from "node:assert/strict";
import { GCProfiler } from "node:v8";
import { journalLayout } from "../../src/journal/layout.ts";
import { decodedSidecar } from "../../src/journal/sidecar_store.ts";
import { contentOf, flipped, sidecarOf } from "../support/journal/sidecar_journal.ts";
import { SEGMENTS, SIDECARS, writtenWithSidecars } from "../support/journal/sidecar_journal.ts";
import { isWholeSegment } from "../../src/values/segment_file.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { threadOf } from "./valued_events.ts";

Deno.test("the thread of the index: it finds a segment whole, and any change of its file", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(journalLayout(folder).index, { recursive: true });
    const { disk, sealed: [first = "", name = ""] } = await writtenWithSidecars();
    const found = decodedSidecar(contentOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
    assert.ok(typeof found !== "string");
    const { segment } = found;
    const whole = contentOf(disk, `${SEGMENTS}/${name}`);
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
    assert.equal(await isWhole(new Uint8Array([...whole, 10])), false);
    assert.equal(await isWhole(contentOf(disk, `${SEGMENTS}/${first}`)), false);
    assert.equal(await thread.isWhole(`${folder}/missing`, segment), false);
    const [last] = await Promise.all([thread.isWhole(path, segment), thread.close()]);
    assert.equal(last, false);
    assert.equal(await thread.isWhole(path, segment), false, "without a thread nothing is proven");
    clearInterval(timer);
    assert.deepEqual(warnings, []);
  }));

/** More than V8 lets buffers take before it collects. */
const SEGMENTS_MAX = 256;

Deno.test("the thread of the index: the hashes of verified segments do not wait for other garbage", () =>
  inFolder(async (folder) => {
    const { disk, sealed: [_, name = ""] } = await writtenWithSidecars();
    const found = decodedSidecar(contentOf(disk, `${SIDECARS}/${sidecarOf(name)}`));
    assert.ok(typeof found !== "string");
    const path = `${folder}/segment`;
    await Deno.writeFile(path, contentOf(disk, `${SEGMENTS}/${name}`));
    const ofFullSize = { ...found.segment, bytes: 64 * 1024 * 1024 };
    let isCollected = false;
    for (let verified = 0; !isCollected && verified < SEGMENTS_MAX; verified++) {
      const profiler = new GCProfiler();
      profiler.start();
      assert.equal(await isWholeSegment(path, ofFullSize), true);
      // V8 marks in slices, between tasks.
      await new Promise((resolve) => setTimeout(resolve, 1));
      const collections = profiler.stop()?.statistics ?? [];
      isCollected = collections.some(({ gcType }) => gcType === "MarkSweepCompact");
    }
    assert.ok(isCollected, `${SEGMENTS_MAX} segments, and the whole heap was not collected`);
  }));
