/**
 * A kill leaves the page cache behind, so it says nothing of syncs. Here the power fails:
 * the process is killed, and what it never synced is taken away, some of it or all.
 */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { Loss, Survival, type SurvivalOptions } from "../support/survival.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PowerSupply } from "./power_loss/power_cut.ts";
import { HAS_COMPILER, RecordingDisk, SKIPPED } from "./power_loss/recording_disk.ts";

const CUTS = rounds(30, 100);

/** More than a defect that is there needs to show itself. */
const CUTS_OF_DEFECT_MAX = 40;

function build(name: string): string {
  return new URL(`./power_loss/${name}`, import.meta.url).pathname;
}

/** Runs with a server whose power is cut at the end of each of its lives. */
async function withCuts(
  options: Pick<SurvivalOptions, "script" | "args" | "stillborn">,
  run: (survival: Survival, disk: RecordingDisk) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const disk = await RecordingDisk.create(folder);
    const power = new PowerSupply(disk, Math.random);
    const survival = new Survival({
      ...options,
      folder,
      journal: `${disk.folder}/journal`,
      env: disk.environment,
      beforeLife: () => power.on(),
      afterDeath: () => power.cut(),
    });
    await run(survival, disk);
  });
}

/** Declares a test that is left out where the recorder cannot be built. */
function testWithCuts(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: name + SKIPPED, ignore: !HAS_COMPILER, fn });
}

testWithCuts(
  `power loss: ${CUTS} cuts, and all that was acknowledged is there`,
  () =>
    withCuts({}, async (survival) => {
      for (let cut = 0; cut < CUTS; cut++) await survival.liveAndDie();
      await survival.finish();

      const { jobs, events, controls } = survival.ledger;
      console.log(
        `${CUTS} cuts: 0 lost of ${jobs.size} jobs, ${events.size} events and ` +
          `${controls.length} controls that were acknowledged; ` +
          `${survival.reader.messages.length} messages without a gap`,
      );
      assert.ok(jobs.size > CUTS, `only ${jobs.size} jobs were acknowledged`);
      assert.ok(events.size > 0 && controls.length > 0);
    }),
);

testWithCuts("power loss: a journal that was just made is there, with all in it", async () => {
  for (let round = 0; round < rounds(6, 30); round++) {
    await withCuts({ stillborn: 0 }, async (survival) => {
      await survival.liveAndDie();
      await survival.finish();
    });
  }
});

/** The loss that a build with a defect comes to; the number of cuts that it took. */
async function firstLoss(survival: Survival, before = () => Promise.resolve()) {
  for (let cut = 1; cut <= CUTS_OF_DEFECT_MAX; cut++) {
    try {
      await before();
      await survival.liveAndDie();
    } catch (error) {
      if (error instanceof Loss) return { cut, message: error.message };
      throw error;
    }
  }
  assert.fail(`no loss in ${CUTS_OF_DEFECT_MAX} cuts of ${survival.ledger.size} facts`);
}

testWithCuts(
  "power loss: a build that acknowledges before it syncs is caught",
  () =>
    withCuts({ script: build("acknowledging_early.ts") }, async (survival) => {
      const { cut, message } = await firstLoss(survival);
      console.log(`acknowledging early: caught after ${cut} cuts: ${message}`);
    }),
);

testWithCuts(
  "power loss: a build that does not sync the folder after a roll is caught",
  () =>
    withCuts({
      script: build("leaving_folders_unsynced.ts"),
      args: ["--segment-bytes=4KiB"],
    }, async (survival) => {
      const { cut, message } = await firstLoss(survival);
      console.log(`leaving folders unsynced: caught after ${cut} cuts: ${message}`);
    }),
);

testWithCuts(
  "power loss: a build that makes a failed sync again is caught",
  () =>
    withCuts({ script: build("retrying_syncs.ts") }, async (survival, disk) => {
      const { cut, message } = await firstLoss(survival, async () => {
        setTimeout(() => Deno.writeTextFileSync(disk.failing, ""), 0);
        await Promise.resolve();
      });
      console.log(`retrying syncs: caught after ${cut} cuts: ${message}`);
    }),
);
