/** A power cut at every step of the commands that change a journal. */

import assert from "node:assert/strict";
import {
  backupScenario,
  importScenario,
  repairScenario,
  verificationScenario,
} from "./command_scenarios.ts";
import { Lacking } from "../support/damage/crash_scenarios.ts";
import { crashSweep, type CrashTally, type Scenario } from "../support/damage/crash_sweep.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { IS_QUICK } from "../support/effort.ts";

async function assertSurvives(scenario: Scenario): Promise<CrashTally> {
  const tally = await crashSweep(scenario);
  const { steps, disks, violations } = tally;
  console.log(`${scenario.name}: ${steps} steps, ${disks} different disks`);
  assert.deepEqual(violations.slice(0, 3), [], `${violations.length} violations`);
  return tally;
}

Deno.test("repair: after a power cut at any step the next repair completes it", {
  ignore: IS_QUICK,
}, async () => {
  const { steps, disks } = await assertSurvives(await repairScenario());
  assert.ok(steps > 50 && disks > steps);
});

Deno.test(
  "import: after a power cut at any step the whole job is there, or nothing of it",
  { ignore: IS_QUICK },
  () =>
    inFolder(async (folder) => {
      const { steps, disks } = await assertSurvives(await importScenario(`${folder}/job.ndjson`));
      assert.ok(steps > 15 && disks > 20);
    }),
);

Deno.test("verify: after a power cut at any step the verdict is the old or the new one", async () => {
  const { steps, disks } = await assertSurvives(await verificationScenario());
  assert.ok(steps >= 5 && disks > 5);
});

Deno.test("backup: after a power cut at any step the copy is the journal of an earlier time", async () => {
  const { steps, disks } = await assertSurvives(await backupScenario());
  assert.ok(steps > 20 && disks > 15);
});

Deno.test("backup: one that renames a segment before it is synced is caught", async () => {
  const through = (disk: MemoryDisk) => new Lacking(disk, { syncOf: ".ndjson.tmp" });
  const { violations } = await crashSweep(await backupScenario(), { through, enough: 5 });
  console.log(violations[0]);
  assert.ok(violations.length > 0);
});

Deno.test("repair: one that does not sync folders is caught", { ignore: IS_QUICK }, async () => {
  const scenario = await repairScenario();
  const through = (disk: MemoryDisk) => new Lacking(disk, { syncFolder: true });
  const { violations, disks } = await crashSweep(scenario, { through, enough: 5 });
  console.log(`the first ${violations.length} on ${disks} disks; ${violations[0]}`);
  assert.ok(violations.length > 0);
});
