/** The thread of the index verifies full segments. */

import assert from "node:assert/strict";
import { journalLayout } from "../../src/journal/layout.ts";
import { decodedSidecar } from "../../src/journal/sidecar_store.ts";
import { contentOf, flipped, sidecarOf } from "../support/journal/sidecar_journal.ts";
import { SEGMENTS, SIDECARS, writtenWithSidecars } from "../support/journal/sidecar_journal.ts";
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
