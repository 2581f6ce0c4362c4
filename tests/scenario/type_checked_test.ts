/** Programs that embed Daybook may run with `--check`, which `deno test` does by itself. */

import assert from "node:assert/strict";
import { inFolder } from "../support/temporary_folder.ts";

const PROGRAM = new URL("type_checked_program.ts", import.meta.url).href;

Deno.test("openDaybook: it finds near misses in a program whose types Deno checks when it runs", async () => {
  await inFolder(async (folder) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--check", "--allow-all", PROGRAM, `${folder}/journal`],
      env: { NO_COLOR: "1" },
    }).output();

    assert.equal(new TextDecoder().decode(stderr), "");
    assert.match(new TextDecoder().decode(stdout), /expected\s+"R-400", found "r-400"/);
  });
});
