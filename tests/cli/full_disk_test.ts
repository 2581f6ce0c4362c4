/** Commands on a disk without room. */

import assert from "node:assert/strict";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { fill, testOnSmallDisk } from "../scenario/mounted_folder.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { runTask } from "../support/process/task_process.ts";
import { JournalHome } from "./journal_home.ts";
import { planFor } from "./journal_kinds.ts";

const MIB = 1024 * 1024;

/** A journal with an ended job, on a disk that is then full. */
async function fullWithJob(folder: string) {
  const home = await JournalHome.create("full");
  await home.start();
  const id = await home.create({ plan: planFor("a") });
  await home.event("shop.Paid", { orderId: "a" });
  await home.stop();
  const journal = `${folder}/journal`;
  await Deno.mkdir(`${journal}/segments`, { recursive: true });
  for (const { name } of Deno.readDirSync(`${home.folder}/segments`)) {
    await Deno.copyFile(`${home.folder}/segments/${name}`, `${journal}/segments/${name}`);
  }
  await home.dispose();
  await fill(`${folder}/filler`);
  return { journal, id };
}

testOnSmallDisk(
  "verify: on a full disk it reaches a verdict, which it cannot save",
  2 * MIB,
  async (folder) => {
    const { journal } = await fullWithJob(folder);
    const { code, out, err } = await runJournal(["verify", "--no-server", "--journal", journal], {
      tools: { scratchIn: scratchIndexIn },
    });
    assert.equal(code, 0, err.join("\n"));
    assert.equal(JSON.parse(out[0] ?? "").verdict, "intact");
    assert.match(err.join("\n"), /the verdict could not be saved: No space left/);
    assert.deepEqual([...Deno.readDirSync(journal)].map(({ name }) => name), ["segments"]);
  },
);

testOnSmallDisk(
  "export: on a full disk it leaves no file behind",
  2 * MIB,
  async (folder) => {
    const { journal, id } = await fullWithJob(folder);
    const output = `${folder}/job.ndjson`;
    const { code, err } = await runJournal(["export", id, "--journal", journal, "-o", output]);
    assert.equal(code, 74);
    assert.match(err.join("\n"), /Cannot write .*job\.ndjson: No space left/);
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  },
);

for (const [to, args, expected] of [[">", "--help", 74], ["2>", "unknown", 64]] as const) {
  Deno.test({
    name: `commands: output ${to} a full disk is no internal error`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const within = ["sh", "-c", `exec "$0" "$@" ${to} /dev/full`];
      const { code, errors } = await runTask("journal", [args], { within });
      assert.equal(code, expected, errors);
      const message = "daybook: Cannot write the output: No space left on device (os error 28)";
      assert.equal(errors.trim(), to === ">" ? message : "");
    },
  });
}
