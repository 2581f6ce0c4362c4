/** A start in a terminal, where Deno asks for each permission that is missing. */

import assert from "node:assert/strict";
import { LineProcess } from "../support/process/line_process.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";
import { isInstalled, testWhere } from "../support/process/tools.ts";

const DEFINITIONS = `
import * as v from "npm:valibot@^1.5.0";
import { defineJob } from "${ROOT}src/mod.ts";
export const welcome = defineJob({
  type: "user.welcome",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input: v.object({}),
  run: (ctx) => ctx.task("send", () => "sent"),
});
`;

testWhere(
  isInstalled("script"),
  "script, of bsdutils, makes the terminal",
  "terminal: a start and a job in a thread ask for nothing more",
  () =>
    inFolder(async (folder) => {
      const [journal, module] = [`${folder}/journal`, `${folder}/my_jobs.ts`];
      await Deno.mkdir(journal);
      await Deno.writeTextFile(module, DEFINITIONS);
      const command = [
        ...[Deno.execPath(), "run", "--allow-net=127.0.0.1", "'--allow-env=DAYBOOK_*'"],
        ...["--allow-sys=statfs", `--allow-write=${journal}`],
        // A thread imports the stand-ins for packages of JSR too.
        ...[`--allow-read=${journal},${module},${ROOT}src,${ROOT}links`, "main.ts", "--port", "0"],
        ...["--journal", journal, "--definitions", module],
      ].join(" ");
      const child = new Deno.Command("script", {
        args: ["--quiet", "--command", command, "/dev/null"],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
        // At its end the terminal would close.
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const daybook = new LineProcess(child);
      try {
        const url = await daybook.first((line) =>
          line.includes("Deno requests") ? "" : /^listening on (\S+)/.exec(line)?.[1]
        );
        assert.ok(url, daybook.text);
        const response = await fetch(`${url}/jobs`, {
          method: "POST",
          // A prompt stops the whole process.
          signal: AbortSignal.timeout(PATIENCE_MS),
          headers: { "content-type": "application/json", prefer: "wait=60" },
          body: JSON.stringify({ type: "user.welcome", input: {} }),
        });
        assert.equal((await response.json()).output, "sent", daybook.text);
        assert.ok(!daybook.text.includes("Deno requests"), daybook.text);
      } finally {
        daybook.signal("SIGTERM");
        await child.stdin.close();
        await daybook.exitCode();
      }
    }),
);
