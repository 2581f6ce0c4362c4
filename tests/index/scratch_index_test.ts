/** The folder of a scratch index. */

import assert from "node:assert/strict";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

Deno.test("scratch index: a process that exits early, as on Ctrl-C, leaves no folder behind", () =>
  inFolder(async (folder) => {
    const script = `
      import { scratchIndexIn } from "${ROOT}src/index/scratch_index.ts";
      const folder = ${JSON.stringify(folder)};
      scratchIndexIn({ folder, index: folder + "/index" }).index.begin(undefined);
      console.log([...Deno.readDirSync(folder)].length);
      Deno.exit(130);`;
    const args = ["eval", `--config=${ROOT}deno.json`, script];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.equal(code, 130, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "1");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
