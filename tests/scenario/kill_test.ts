/**
 * The most important promise: after kill -9 at random moments, nothing that was acknowledged is
 * lost, repeated or skipped.
 */

import { IS_QUICK, rounds } from "../support/effort.ts";
import { defectiveBuild, Survival } from "./survival.ts";
import { inFolder, inFolderKeptOnFailure } from "../support/temporary_folder.ts";

const KILLS = rounds(10, 100, 3);

Deno.test(`kill -9: after ${KILLS} kills at random moments everything acknowledged is there`, () =>
  inFolderKeptOnFailure(async (folder) => {
    const survival = new Survival({ folder, journal: `${folder}/journal` });
    await survival.surviveAll(KILLS, "kills");
  }));

Deno.test({
  name: "kill -9: a build that acknowledges before it writes is caught",
  ignore: IS_QUICK,
  fn: () =>
    inFolder(async (folder) => {
      const script = defectiveBuild("acknowledging_unwritten.ts");
      const survival = new Survival({ folder, journal: `${folder}/journal`, script });
      const { deaths, message } = await survival.firstLoss();
      console.log(`a build that acknowledges unwritten: caught after ${deaths} kills: ${message}`);
    }),
});
