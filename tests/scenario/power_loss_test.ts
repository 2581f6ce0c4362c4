/**
 * A kill leaves the page cache, so it does not test syncs. Here the power fails: the process is
 * killed, and some or all of what it never synced is removed.
 */

import { rounds } from "../support/effort.ts";
import { defectiveBuild, Survival, type SurvivalOptions } from "./survival.ts";
import { inFolder, inFolderKeptOnFailure } from "../support/temporary_folder.ts";
import { PowerSupply } from "./power_loss/power_cut.ts";
import { RecordingDisk, testWithRecorder } from "./power_loss/recording_disk.ts";

const CUTS = rounds(10, 100);

/** Runs with a server whose power is cut at the end of each process. */
async function withCuts(
  options: Pick<SurvivalOptions, "script" | "args" | "stillborn">,
  run: (survival: Survival, disk: RecordingDisk) => Promise<void>,
): Promise<void> {
  // The files of a build with a defect need no inspection.
  const within = options.script === undefined ? inFolderKeptOnFailure : inFolder;
  await within(async (folder) => {
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

testWithRecorder(
  `power loss: after ${CUTS} cuts everything acknowledged is there`,
  () =>
    withCuts({}, async (survival) => {
      await survival.surviveAll(CUTS, "cuts");
    }),
);

testWithRecorder("power loss: a new journal is there, with everything in it", async () => {
  for (let round = 0; round < rounds(2, 30); round++) {
    await withCuts({ stillborn: 0 }, async (survival) => {
      await survival.liveAndDie();
      await survival.finish();
    });
  }
});

/** Declares a test of a build with a defect, which must lose something. */
function testDefect(
  defect: string,
  build: string,
  args: readonly string[] = [],
  before: (disk: RecordingDisk) => Promise<void> = () => Promise.resolve(),
): void {
  testWithRecorder(
    `power loss: a build that ${defect} is caught`,
    () =>
      withCuts({ script: defectiveBuild(build), args }, async (survival, disk) => {
        const { deaths, message } = await survival.firstLoss(() => before(disk));
        console.log(`a build that ${defect}: caught after ${deaths} cuts: ${message}`);
      }),
  );
}

testDefect("acknowledges before it syncs", "acknowledging_early.ts");

testDefect("does not sync the folder after a roll", "leaving_folders_unsynced.ts", [
  "--segment-bytes=4KiB",
]);

testDefect(
  "retries a failed sync",
  "retrying_syncs.ts",
  [],
  ({ failing }) => Deno.writeTextFile(failing, ""),
);
